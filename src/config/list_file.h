// `@FILE` in a list that has no sets: one item a line, comments and blank lines as in the
// configuration, the path relative to the file that names it. No state; the thread that loads.
#pragma once

#include "config/files.h"
#include "config/findings.h"
#include "weir/settings.h"

namespace weir {

// Replaces such items of a list by the lines of their file; each gets that line as its place.
void expand_list_files(Value& list, const Files& files, Findings& findings);

}  // namespace weir
