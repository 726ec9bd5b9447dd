#include "rules/timetable.h"

#include <random>

#include "base/libc_zone.h"

namespace weir {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

Windows windows(const std::string& text) { return Windows::parse(text).value(); }
const TimeZone& berlin() {
  static const TimeZone zone = zone_of("Europe/Berlin");
  return zone;
}
// The changes from one instant up to another.
std::vector<sys_seconds> changes(const Windows& when, const TimeZone& zone, sys_seconds from,
                                 sys_seconds to) {
  std::vector<sys_seconds> out;
  for (auto next = next_change(when, from, zone); next && *next < to;
       next = next_change(when, *next, zone)) {
    out.push_back(*next);
  }
  return out;
}

TEST_CASE("a night ends in the morning by the clock on the wall, whatever happened to it") {
  const Windows night = windows("20:00-07:00");
  // Daylight saving time begins on 29 March at 02:00, and ends on 25 October at 03:00.
  CHECK(next_change(night, utc(2026, 3, 28, 20), berlin()) == utc(2026, 3, 29, 5));
  CHECK(next_change(night, utc(2026, 10, 24, 20), berlin()) == utc(2026, 10, 25, 6));
  CHECK(holds(night, utc(2026, 3, 29, 4, 59, 59), berlin()));
  CHECK_FALSE(holds(night, utc(2026, 3, 29, 5), berlin()));
}

TEST_CASE("the next change is strictly after, and to the second") {
  const Windows night = windows("mon 20:00-07:00");
  const sys_seconds begin = utc(2026, 7, 6, 18);
  CHECK(next_change(night, begin - seconds(1), berlin()) == begin);
  CHECK(next_change(night, begin, berlin()) == begin + hours(11));
  CHECK(next_change(night, begin + seconds(1), berlin()) == begin + hours(11));
  CHECK_FALSE(next_change(Windows(), begin, berlin()).has_value());
  CHECK_FALSE(next_change(windows("mon-sun"), begin, berlin()).has_value());
}

TEST_CASE("what would begin in the hour that is left out begins when the clock is put forward") {
  const sys_seconds jump = utc(2026, 3, 29, 1);
  const auto of_the_night = [&](const std::string& text) {
    return changes(windows(text), berlin(), jump - hours(2), jump + hours(6));
  };
  CHECK(of_the_night("2:30-5:00") == std::vector{jump, jump + hours(2)});
  CHECK(of_the_night("1:00-2:30") == std::vector{jump - hours(1), jump});
  CHECK(of_the_night("2:00-3:00").empty());
  CHECK(of_the_night("2:15-2:45").empty());
}

TEST_CASE("the hour that is there twice is twice in the window, or out of it") {
  const sys_seconds back = utc(2026, 10, 25, 1);  // 03:00 becomes 02:00
  const auto of_the_night = [&](const std::string& text) {
    return changes(windows(text), berlin(), back - hours(3), back + hours(6));
  };
  CHECK(of_the_night("2:00-3:00") == std::vector{back - hours(1), back + hours(1)});
  CHECK(of_the_night("2:15-2:45") == std::vector{back - minutes(45), back - minutes(15),
                                                 back + minutes(15), back + minutes(45)});
  CHECK(of_the_night("1:00-2:30") ==
        std::vector{back - hours(2), back - minutes(30), back, back + minutes(30)});
}

TEST_CASE("a day that a zone leaves out has no window, and the next one is a week later") {
  const TimeZone samoa = zone_of("Pacific/Apia");  // without Friday, 30 December 2011
  const Windows friday = windows("fri");
  const sys_seconds saturday = utc(2011, 12, 24, 12);
  CHECK(next_change(friday, saturday, samoa) == utc(2012, 1, 5, 10));
}

TEST_CASE("what a list shows is as short as is plain") {
  const sys_seconds monday_noon = utc(2026, 7, 6, 10);
  const auto shown = [&](const std::string& text, sys_seconds now = utc(2026, 7, 6, 10)) {
    return clock_state_text(windows(text), now, berlin());
  };
  CHECK(shown("20:00-07:00") == "from 20:00");
  CHECK(shown("20:00-07:00", monday_noon + hours(10)) == "matches now, until 07:00");
  CHECK(shown("tue 20:00-07:00") == "from Tue 20:00");
  CHECK(shown("tue 11:00-13:00") == "from 11:00");
  CHECK(shown("mon 20:00-07:00", utc(2026, 7, 7, 12)) == "from Mon 20:00");
  CHECK(shown("mon-fri") == "matches now, until Sat 00:00");
  CHECK(shown("mon 12:00-12:01", monday_noon + minutes(1)) == "from Mon 12:00");
  CHECK(shown("sun-sat") == "matches at any time");
  CHECK(clock_state_text(Windows(), monday_noon, berlin()).empty());
  CHECK(clock_state_text(windows("fri"), utc(2011, 12, 24, 12), zone_of("Pacific/Apia")) ==
        "from 2012-01-06 00:00");
}

TEST_CASE("explain says what time it is, what was wanted, and when that is") {
  const Windows nights = windows("mon-fri 20:00-07:00");
  CHECK(why_not(nights, utc(2026, 7, 7, 10), berlin()) ==
        "it is Tue 12:00, the rule holds mon-fri 20:00-07:00 (from 20:00)");
  CHECK(why_not(nights, utc(2026, 7, 7, 20), berlin()).empty());
}

// Every minute of some years as the C library has it: the minute of the week on the wall.
std::vector<WeekMinute> minutes_on_the_wall(const std::string& name, sys_seconds from,
                                            sys_seconds to) {
  const LibcZone libc(name);
  std::vector<WeekMinute> out;
  for (sys_seconds t = from; t < to; t += minutes(1)) {
    const tm wall = LibcZone::at(t);
    const auto day = static_cast<WeekMinute>((wall.tm_wday + 6) % 7);
    out.push_back(day * minutes_of_day + static_cast<WeekMinute>(wall.tm_hour * 60 + wall.tm_min));
  }
  return out;
}

TEST_CASE("through years of minutes, changes are where the wall clock of the C library has them") {
  std::mt19937 engine(19);
  const auto random = [&](unsigned below) { return static_cast<unsigned>(engine()) % below; };
  const auto clock = [&](bool end) {
    // Many around the changes of daylight saving time.
    const unsigned hour = random(2) == 0 ? random(4) : random(end ? 25 : 24);
    return std::to_string(hour) + (hour < 24 && random(2) == 0 ? ":30" : ":00");
  };
  const sys_seconds from = utc(2025, 1, 1);
  const sys_seconds to = utc(2028, 1, 1);
  for (const char* name :
       {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"}) {
    const auto wall = minutes_on_the_wall(name, from, to);
    const TimeZone zone = zone_of(name);
    for (int round = 0; round < 6; ++round) {
      std::string text = clock(false) + "-" + clock(true);
      if (round % 3 != 0) {
        text = std::string(weekday_names.at(random(7))) + "-" +
               std::string(weekday_names.at(random(7))) + " " + text + ", sun " + clock(false) +
               "-" + clock(true);
      }
      const Windows when = windows(text);
      std::vector<char> in(minutes_of_week);
      for (WeekMinute minute = 0; minute < minutes_of_week; ++minute) {
        in[minute] = when.holds(minute) ? 1 : 0;
      }
      std::vector<sys_seconds> expected;
      for (std::size_t i = 1; i < wall.size(); ++i) {
        if (in[wall[i]] != in[wall[i - 1]]) {
          expected.push_back(from + minutes(i));
        }
      }
      INFO(name << ": " << text);
      CHECK(changes(when, zone, from, to) == expected);
      for (int i = 0; i < 100; ++i) {
        const std::size_t some = random(static_cast<unsigned>(wall.size()));
        CHECK(holds(when, from + minutes(some) + seconds(random(60)), zone) ==
              (in[wall[some]] != 0));
      }
    }
  }
}

}  // namespace
}  // namespace weir
