#include "base/wall_time.h"

#include <string>

#include "catch.h"

namespace weir {
namespace {

using std::chrono::microseconds;

std::string text_of(WallTime time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

WallTime at_ms(std::int64_t since_1970) { return WallTime(Milliseconds(since_1970)); }

TEST_CASE("a time is written as RFC 3339, in UTC, with milliseconds") {
  CHECK(text_of(at_ms(1'795'234'080'123)) == "2026-11-21T04:08:00.123Z");
  CHECK(text_of(at_ms(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(text_of(at_ms(951'782'400'005)) == "2000-02-29T00:00:00.005Z");
  CHECK(text_of(at_ms(1'798'761'599'999)) == "2026-12-31T23:59:59.999Z");
  // A router without a battery for its clock starts at the epoch, and a step goes before it.
  CHECK(text_of(at_ms(-1)) == "1969-12-31T23:59:59.999Z");
  CHECK(text_of(WallTime(microseconds(1'999))) == "1970-01-01T00:00:00.001Z");
}

WallClock::Reading made_up;
int readings = 0;
WallClock::Reading read_made_up() {
  ++readings;
  return made_up;
}

TEST_CASE("the clocks are read once a turn, and again after a step") {
  readings = 0;
  WallClock clock(read_made_up);
  const Instant turn(microseconds(5'000'000));
  // The turn began 300 microseconds before the clocks were read.
  made_up = {turn + microseconds(300), at_ms(1'000'000) + microseconds(300)};
  CHECK(clock.at(turn) == at_ms(1'000'000));
  CHECK(clock.at(turn) == at_ms(1'000'000));
  CHECK(readings == 1);
  const Instant later = turn + Milliseconds(10);
  made_up = {later, at_ms(500'000)};  // the clock was set back
  CHECK(clock.at(later) == at_ms(500'000));
  CHECK(readings == 2);
}

}  // namespace
}  // namespace weir
