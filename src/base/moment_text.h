// A moment of local time in few words, for people: "20:15" today, "Mon 20:15", "2026-03-29 20:15".
// Pure, but for local_moment(), which reads the clocks and the zone; any thread.
#pragma once

#include <chrono>
#include <string>

#include "base/time_zone.h"
#include "weir/units.h"

namespace weir {

[[nodiscard]] std::string day_name(std::chrono::local_seconds local);    // "Mon"
[[nodiscard]] std::string clock_text(std::chrono::local_seconds local);  // "20:15"
// As much of a time to come as tells it from others.
[[nodiscard]] std::string moment_text(std::chrono::sys_seconds then, std::chrono::sys_seconds now,
                                      const TimeZone& zone);

// The same of an instant to come, by the clock on this machine's wall.
[[nodiscard]] std::string local_moment(Instant then);

}  // namespace weir
