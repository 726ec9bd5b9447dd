// The API's JSON of sets as text for people, and as the items that explain puts over its own lists.
//
// Pure, but for the clock: how long an item stays is said as a time of day. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "sets/live_sets.h"
#include "weir/result.h"

namespace weir {

[[nodiscard]] Result<std::string> sets_text(std::string_view json);
// Of one set, as the answer to a change of it has it.
[[nodiscard]] Result<std::string> set_text(std::string_view json);
[[nodiscard]] std::string set_trouble(std::string_view json);
// One a line; a list without a name has none.
[[nodiscard]] Result<std::string> set_names(std::string_view json);
// What is added and removed, as seen from `now`.
[[nodiscard]] Result<LiveSets> live_sets_in(std::string_view json, Instant now);

}  // namespace weir
