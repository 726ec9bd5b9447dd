// What the clock on this machine's wall shows at one moment, for whatever depends on it.
//
// A plain value; any thread. Reading blocks for less than a millisecond.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/time_zone.h"

namespace weir {

struct LocalClock {
  std::chrono::sys_seconds now;
  TimeZone zone;
  std::string problem = {};  // why the zone is UTC although it is set to another one; else ""
};

[[nodiscard]] std::shared_ptr<const LocalClock> read_local_clock();
// The same clock at another moment.
[[nodiscard]] std::shared_ptr<const LocalClock> set_to(const LocalClock& clock,
                                                       std::chrono::sys_seconds moment);

}  // namespace weir
