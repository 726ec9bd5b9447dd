#include "base/time_input.h"

#include "base/libc_zone.h"

namespace weir {
namespace {

const TimeZone& berlin() {
  static const TimeZone zone = zone_of("Europe/Berlin");
  return zone;
}
TimeInput read(const std::string& text) { return parse_time(text, berlin()).value(); }
std::string why_not(const std::string& text) { return parse_time(text, berlin()).error().text(); }

TEST_CASE("a time is one of the router's clock") {
  CHECK(read("2026-07-01T12:00").at == utc(2026, 7, 1, 10));
  CHECK(read("2026-01-01T12:00:15").at == utc(2026, 1, 1, 11, 0, 15));
  CHECK(read("2026-07-01 12:00").at == utc(2026, 7, 1, 10));
  CHECK(read("2026-07-01T00:00").at == utc(2026, 6, 30, 22));
  CHECK(read("2026-07-01T12:00").remark.empty());
  CHECK(parse_time("2026-07-01T12:00", TimeZone()).value().at == utc(2026, 7, 1, 12));
}

TEST_CASE("with Z or an offset it is RFC 3339, wherever the router is") {
  CHECK(read("2026-07-01T12:00:00Z").at == utc(2026, 7, 1, 12));
  CHECK(read("2026-07-01t12:00:00.250z").at == utc(2026, 7, 1, 12));
  CHECK(read("2026-07-01T12:00:00+05:30").at == utc(2026, 7, 1, 6, 30));
  CHECK(read("2026-07-01T12:00-03:30").at == utc(2026, 7, 1, 15, 30));
  CHECK(read("2026-10-25T02:30+01:00").at == utc(2026, 10, 25, 1, 30));
  CHECK(read("2026-10-25T02:30+01:00").remark.empty());
}

TEST_CASE("of a time that is there twice the first is taken, and the other one told") {
  CHECK(read("2026-10-25T02:30").at == utc(2026, 10, 25, 0, 30));
  CHECK(read("2026-10-25T02:30").remark ==
        "02:30 is there twice on 2026-10-25: the first time is taken (CEST, +02:00); the second is "
        "2026-10-25T02:30+01:00");
}

TEST_CASE("of a time that does not exist the moment of the change is taken") {
  CHECK(read("2026-03-29T02:30").at == utc(2026, 3, 29, 1));
  CHECK(read("2026-03-29T02:30").remark ==
        "02:30 does not exist on 2026-03-29: the clock goes from 02:00 to 03:00; 03:00 CEST is "
        "taken");
  CHECK(parse_time("2026-10-04T02:15", zone_of("Australia/Lord_Howe")).value().remark ==
        "02:15 does not exist on 2026-10-04: the clock goes from 02:00 to 02:30; 02:30 +11 is "
        "taken");
}

TEST_CASE("what is no time is refused") {
  CHECK(why_not("tomorrow") ==
        "'tomorrow' is no time (2026-03-29T02:30, or with Z or +01:00 behind it: RFC 3339)");
  CHECK(why_not("2026-02-30T12:00") == "'2026-02-30T12:00' is no time: there is no 2026-02-30");
  CHECK(why_not("1960-01-01T12:00") == "'1960-01-01T12:00' lies before 1970");
  for (const char* text :
       {"", "2026", "2026-07-01", "20:00", "2026-07-01T", "2026-07-01T24:00", "2026-07-01T12:60",
        "2026-7-1T12:00", "2026-07-01T12:00:60", "2026-07-01T12:00 ", "2026-07-01T12:00:00.",
        "2026-07-01T12:00+2", "2026-07-01T12:00+02:00Z", "2026-13-01T12:00", "+026-07-01T12:00"}) {
    INFO(text);
    CHECK_FALSE(parse_time(text, berlin()).ok());
  }
}

}  // namespace
}  // namespace weir
