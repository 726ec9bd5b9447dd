// `@FILE` in a list: one item a line, comments and blank lines as in the configuration, the path
// relative to the file that names it. `!@FILE` negates every line. No state; the thread that loads.
#pragma once

#include "config/files.h"
#include "config/findings.h"
#include "weir/settings.h"

namespace weir {

// Replaces such items of a list by the lines of their file; each gets that line as its place.
void expand_list_files(Value& list, const Files& files, Findings& findings);

}  // namespace weir
