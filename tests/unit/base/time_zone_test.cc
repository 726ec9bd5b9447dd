#include "base/time_zone.h"

#include <random>

#include "base/libc_zone.h"

namespace weir {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TimeZone ruled(const std::string& text) { return TimeZone::from_rule(text).value(); }

std::string offset_at(const TimeZone& zone, sys_seconds instant) {
  const ZoneOffset offset = zone.period_at(instant).offset;
  return offset.abbreviation + " " + std::to_string(offset.ahead.count() / 60);
}

const std::vector<std::string> zones{"Europe/Berlin",
                                     "America/New_York",
                                     "Australia/Lord_Howe",
                                     "Asia/Kolkata",
                                     "UTC",
                                     "Europe/Dublin",
                                     "Africa/Casablanca",
                                     "America/Sao_Paulo",
                                     "Pacific/Apia",
                                     "Antarctica/Troll",
                                     "Asia/Tehran",
                                     "America/St_Johns",
                                     "Pacific/Chatham",
                                     "America/Godthab",
                                     "Africa/Monrovia",
                                     "Asia/Gaza"};

// What the C library says, of one instant.
void compare(const TimeZone& zone, sys_seconds instant) {
  const ZonePeriod period = zone.period_at(instant);
  const tm expected = LibcZone::at(instant);
  INFO(instant.time_since_epoch().count());
  CHECK(period.offset.ahead.count() == expected.tm_gmtoff);
  CHECK(period.offset.abbreviation == expected.tm_zone);
  CHECK(period.begin <= instant);
  CHECK(period.end > instant);
}

TEST_CASE("offsets and abbreviations are those of the C library, on both sides of every change") {
  std::mt19937_64 engine(3);
  const sys_seconds last = utc(2100, 1, 1);
  for (const std::string& name : zones) {
    INFO(name);
    const TimeZone zone = zone_of(name);
    const LibcZone libc(name);
    std::uniform_int_distribution<std::int64_t> some(0, last.time_since_epoch().count());
    for (int i = 0; i < 200; ++i) {
      compare(zone, sys_seconds(seconds(some(engine))));
    }
    int changes = 0;
    for (ZonePeriod period = zone.period_at(sys_seconds{}); period.end < last;
         period = zone.period_at(period.end)) {
      compare(zone, period.end - seconds(1));
      compare(zone, period.end);
      ++changes;
    }
    CHECK(changes < 1000);
  }
}

TEST_CASE("without a table the rule at a file's end holds for all times") {
  const TimeZone lord_howe = ruled("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
  CHECK(offset_at(lord_howe, utc(2026, 1, 1)) == "+11 660");
  CHECK(offset_at(lord_howe, utc(2026, 7, 1)) == "+1030 630");
  CHECK(lord_howe.period_at(utc(2026, 7, 1)).begin == utc(2026, 4, 4, 15));
  CHECK(lord_howe.period_at(utc(2026, 7, 1)).end == utc(2026, 10, 3, 15, 30));
}

TEST_CASE("a rule may leave much out, and say days in three ways") {
  CHECK(offset_at(ruled("UTC0"), utc(2026, 7, 1)) == "UTC 0");
  CHECK(offset_at(ruled("IST-5:30"), utc(2026, 7, 1)) == "IST 330");
  CHECK(offset_at(ruled("<-03>3"), utc(2026, 7, 1)) == "-03 -180");
  // Without dates those of the United States.
  CHECK(ruled("EST5EDT").period_at(utc(2026, 7, 1)).begin == utc(2026, 3, 8, 7));
  CHECK(ruled("EST5EDT").period_at(utc(2026, 7, 1)).end == utc(2026, 11, 1, 6));
  // J60 is 1 March in every year, 60 only in others than leap years.
  CHECK(ruled("AAA0BBB,J60/0,J300/0").period_at(utc(2028, 5, 1)).begin == utc(2028, 3, 1));
  CHECK(ruled("AAA0BBB,60/0,300/0").period_at(utc(2028, 5, 1)).begin == utc(2028, 3, 1));
  CHECK(ruled("AAA0BBB,60/0,300/0").period_at(utc(2027, 5, 1)).begin == utc(2027, 3, 2));
  CHECK(ruled("AAA0BBB,J59/0,J300/0").period_at(utc(2028, 5, 1)).begin == utc(2028, 2, 28));
  // Hours before and after the day: Greenland and Israel need them.
  CHECK(ruled("<-02>2<-01>,M3.5.0/-1,M10.5.0/0").period_at(utc(2026, 7, 1)).begin ==
        utc(2026, 3, 29, 1));
  CHECK(ruled("IST-2IDT,M3.4.4/26,M10.5.0").period_at(utc(2026, 7, 1)).begin == utc(2026, 3, 27));
  // Winter time as the exception (Ireland), and daylight saving time all year long (RFC 9636).
  CHECK(offset_at(ruled("IST-1GMT0,M10.5.0,M3.5.0/1"), utc(2026, 1, 1)) == "GMT 0");
  CHECK(offset_at(ruled("XXX3EDT4,0/0,J365/23"), utc(2026, 1, 1)) == "EDT -240");
  CHECK(offset_at(ruled("XXX3EDT4,0/0,J365/23"), utc(2026, 12, 31, 23, 59)) == "EDT -240");
}

TEST_CASE("what is no rule is refused") {
  for (const char* text :
       {"", "CET", "C-1", "CET-25", "CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0/3,", "CET-1 CEST",
        "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J1", "CET-1CEST,366,1", "CET-1CEST,M3.5.0/168,M10.5.0", "<+01", "<>0",
        "CET-1:60", "Europe/Berlin"}) {
    INFO(text);
    CHECK_FALSE(TimeZone::from_rule(text).ok());
  }
}

TEST_CASE("a time on the wall is found once, twice or not at all") {
  using How = Occurrence::How;
  const TimeZone berlin = zone_of("Europe/Berlin");
  const Occurrence plain = berlin.occurrence_of(wall(2026, 7, 1, 12));
  CHECK(plain.how == How::once);
  CHECK(plain.first == utc(2026, 7, 1, 10));
  const Occurrence twice = berlin.occurrence_of(wall(2026, 10, 25, 2, 30));
  CHECK(twice.how == How::twice);
  CHECK(twice.first == utc(2026, 10, 25, 0, 30));
  CHECK(twice.second == utc(2026, 10, 25, 1, 30));
  CHECK(berlin.occurrence_of(wall(2026, 10, 25, 2)).how == How::twice);
  CHECK(berlin.occurrence_of(wall(2026, 10, 25, 3)).how == How::once);
  const Occurrence skipped = berlin.occurrence_of(wall(2026, 3, 29, 2));
  CHECK(skipped.how == How::skipped);
  CHECK(skipped.first == utc(2026, 3, 29, 1));
  CHECK(berlin.occurrence_of(wall(2026, 3, 29, 2, 59)).how == How::skipped);
  CHECK(berlin.occurrence_of(wall(2026, 3, 29, 3)).first == utc(2026, 3, 29, 1));
  // Half an hour, and a whole day.
  const TimeZone lord_howe = zone_of("Australia/Lord_Howe");
  CHECK(lord_howe.occurrence_of(wall(2026, 10, 4, 2, 15)).how == How::skipped);
  CHECK(lord_howe.occurrence_of(wall(2026, 10, 4, 2, 30)).how == How::once);
  CHECK(lord_howe.occurrence_of(wall(2026, 4, 5, 1, 45)).how == How::twice);
  CHECK(zone_of("Pacific/Apia").occurrence_of(wall(2011, 12, 30, 12)).how == How::skipped);
}

TEST_CASE("every instant is found by what the wall shows then") {
  for (const char* name : {"Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"}) {
    const TimeZone zone = zone_of(name);
    for (sys_seconds t = utc(2026, 1, 1); t < utc(2027, 1, 1); t += std::chrono::minutes(17)) {
      const Occurrence found = zone.occurrence_of(zone.local(t));
      INFO(name << " " << t.time_since_epoch().count());
      CHECK(found.how != Occurrence::How::skipped);
      CHECK((found.first == t || found.second == t));
    }
  }
}

TEST_CASE("a file of time zones that is cut anywhere is refused") {
  for (const char* name : {"Europe/Berlin", "Asia/Kolkata"}) {
    const std::string whole = zone_file(name);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      INFO(size);
      CHECK_FALSE(TimeZone::from_tzif(std::string_view(whole).substr(0, size)).ok());
    }
  }
  CHECK_FALSE(TimeZone::from_tzif("TZif").ok());
  CHECK_FALSE(TimeZone::from_tzif("no zone").ok());
}

TEST_CASE("a file without the second, 64-bit part is read by its first") {
  const std::string whole = zone_file("Europe/Berlin");
  const auto second = whole.find("TZif", 4);
  REQUIRE(second != std::string::npos);
  std::string old = whole.substr(0, second);
  old[4] = '\0';  // version 1
  const auto zone = TimeZone::from_tzif(old);
  // Files that carry nothing there for old readers have no offset in it.
  if (zone) {
    CHECK(offset_at(zone.value(), utc(2026, 7, 1)) == "CEST 120");
  }
}

TEST_CASE("times that no calendar has are answered, too") {
  const TimeZone berlin = zone_of("Europe/Berlin");
  CHECK(berlin.period_at(sys_seconds::max()).end == sys_seconds::max());
  CHECK(berlin.period_at(sys_seconds::min()).begin == sys_seconds::min());
  CHECK(berlin.local(sys_seconds::max()) < std::chrono::local_seconds::max());
}

}  // namespace
}  // namespace weir
