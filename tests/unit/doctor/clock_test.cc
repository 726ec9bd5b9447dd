#include "doctor/clock.h"

#include "catch.h"

namespace weir::doctor {

TEST_CASE("a clock without a battery fails, one that no service keeps right is a warning") {
  constexpr std::time_t day = 86'400;
  constexpr std::time_t new_year_2026 = 1'767'225'600;
  CHECK(judge_clock(3 * day, Synchronised::yes).level == Level::fail);
  CHECK(judge_clock(new_year_2026, Synchronised::no).level == Level::warn);
  CHECK(judge_clock(new_year_2026, Synchronised::yes).level == Level::ok);
}

}  // namespace weir::doctor
