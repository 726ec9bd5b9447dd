// A point in time as an operator writes it on the command line. Pure; any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/time_zone.h"
#include "weir/result.h"

namespace weir {

struct TimeInput {
  std::chrono::sys_seconds at;
  // Which of two was taken, or that the time does not exist; else "".
  std::string remark;
};

// "2026-03-29T02:30", "2026-03-29T02:30:15": by the clock on the wall of `zone`. With Z or +01:00
// behind it: RFC 3339. A blank may stand for the T; fractions of a second are let go of.
[[nodiscard]] Result<TimeInput> parse_time(std::string_view text, const TimeZone& zone);

}  // namespace weir
