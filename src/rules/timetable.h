// Windows by a clock: whether they hold at an instant in a time zone, when that changes, and the
// words for it. Pure; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/time_zone.h"
#include "rules/windows.h"

namespace weir {

[[nodiscard]] bool holds(const Windows& windows, std::chrono::sys_seconds now,
                         const TimeZone& zone);

// When the answer of holds() is another one for the first time after `now`; none: never.
[[nodiscard]] std::optional<std::chrono::sys_seconds> next_change(const Windows& windows,
                                                                  std::chrono::sys_seconds now,
                                                                  const TimeZone& zone);

// "matches now, until 07:00", "from 20:00", "from Mon 20:00"; the day stands there from 24 hours
// on, the date from a week on. "" without a condition.
[[nodiscard]] std::string clock_state_text(const Windows& windows, std::chrono::sys_seconds now,
                                           const TimeZone& zone);

// "it is Tue 12:00, the rule holds mon-fri 20:00-07:00 (from 20:00)", or "" where they hold.
[[nodiscard]] std::string why_not(const Windows& windows, std::chrono::sys_seconds now,
                                  const TimeZone& zone);

}  // namespace weir
