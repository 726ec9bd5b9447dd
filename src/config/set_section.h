// What [set NAME] says, as values. What its lists have in them is read later (sets/set_table.h). No
// state; the thread that loads.
#pragma once

#include "base/set_settings.h"
#include "config/findings.h"
#include "weir/settings.h"

namespace weir {

// Paths as seen from the folder of the file that says them.
[[nodiscard]] SetSettings set_section(const Settings& settings, Findings& findings);

}  // namespace weir
