#include "base/local_clock.h"

#include <utility>

#include "base/system_zone.h"

namespace weir {

std::shared_ptr<const LocalClock> read_local_clock() {
  SystemZone system = read_system_zone();
  return std::make_shared<const LocalClock>(
      LocalClock{.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()),
                 .zone = std::move(system.zone),
                 .problem = std::move(system.problem)});
}

std::shared_ptr<const LocalClock> set_to(const LocalClock& clock, std::chrono::sys_seconds moment) {
  return std::make_shared<const LocalClock>(
      LocalClock{.now = moment, .zone = clock.zone, .problem = clock.problem});
}

}  // namespace weir
