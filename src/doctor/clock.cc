// Records bear the time. A router without a battery starts in 1970, or in the year it was built.
#include "doctor/clock.h"

#include <sys/timex.h>

#include "doctor/checks.h"

namespace weir::doctor {

namespace {

constexpr std::time_t year_2024 = 1'704'067'200;

}  // namespace

Finding judge_clock(std::time_t now, Synchronised synchronised) {
  if (now < year_2024) {
    return {"clock", Level::fail, "the clock is years behind: records will be of no use",
            "timedatectl set-ntp true"};
  }
  if (synchronised == Synchronised::no) {
    return {"clock", Level::warn, "no time service keeps the clock: times in records may be wrong",
            "timedatectl set-ntp true"};
  }
  return {"clock", Level::ok, "a time service keeps it", ""};
}

Findings examine_clock(const Subject& /*subject*/) {
  timex now{};
  const bool unsynchronised = adjtimex(&now) == TIME_ERROR || (now.status & STA_UNSYNC) != 0;
  return {judge_clock(std::time(nullptr), unsynchronised ? Synchronised::no : Synchronised::yes)};
}

}  // namespace weir::doctor
