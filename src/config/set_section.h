// [set NAME]: the rows of its keys, and what they say as values. What its lists have in them is
// read later (sets/load_sets.h). No state; the thread that loads.
#pragma once

#include <span>

#include "base/set_settings.h"
#include "config/findings.h"
#include "weir/settings.h"

namespace weir {

[[nodiscard]] std::span<const Key> set_keys();

// Paths as seen from the folder of the file that says them.
[[nodiscard]] SetSettings set_section(const Settings& settings, Findings& findings);

}  // namespace weir
