#include "rules/windows.h"

#include <random>

#include "catch.h"

namespace weir {
namespace {

Windows windows(const std::string& text) { return Windows::parse(text).value(); }
std::string normal(const std::string& text) { return windows(text).text(); }
std::string why_not(const std::string& text) { return Windows::parse(text).error().text(); }

// mon 20:00 is minute 1200.
WeekMinute at(const std::string& day, unsigned hour, unsigned minute = 0) {
  const auto found = std::find(weekday_names.begin(), weekday_names.end(), day);
  return static_cast<WeekMinute>(found - weekday_names.begin()) * minutes_of_day + hour * 60 +
         minute;
}

TEST_CASE("three windows: nights after working days, all of Saturday, a Sunday morning") {
  const Windows when = windows("mon-fri 20:00-07:00, sat, sun 9:00-12:00");
  CHECK_FALSE(when.holds(at("mon", 6)));
  CHECK_FALSE(when.holds(at("mon", 19, 59)));
  CHECK(when.holds(at("mon", 20)));
  CHECK(when.holds(at("tue", 6, 59)));
  CHECK_FALSE(when.holds(at("tue", 7)));
  CHECK(when.holds(at("fri", 23)));
  CHECK(when.holds(at("sat", 3)));
  CHECK(when.holds(at("sat", 23, 59)));
  CHECK_FALSE(when.holds(at("sun", 0)));
  CHECK(when.holds(at("sun", 9)));
  CHECK_FALSE(when.holds(at("sun", 12)));
}

TEST_CASE("a window belongs to the day it begins on, over midnight and over the week's end") {
  const Windows night = windows("sun 22:00-06:00");
  CHECK_FALSE(night.holds(at("sun", 3)));
  CHECK(night.holds(at("sun", 22)));
  CHECK(night.holds(at("mon", 5, 59)));
  CHECK_FALSE(night.holds(at("mon", 6)));
  CHECK(night.minutes_to_change(at("sun", 23)) == 7 * 60);
  CHECK(night.minutes_to_change(at("mon", 6)) == 6 * minutes_of_day + 16 * 60);
}

TEST_CASE("days may run over the week's end, and be all of it") {
  CHECK(windows("sat-mon") == windows("sat, sun, mon"));
  CHECK(windows("fri-thu") == windows("mon-sun"));
  CHECK(windows("mon-sun").always());
  CHECK(windows("00:00-24:00").always());
  CHECK(windows("8:00-8:00").always());
  CHECK_FALSE(windows("mon-fri").always());
  CHECK(Windows().always());
}

TEST_CASE("TO is the next one after FROM: the same time is a day later") {
  const Windows day = windows("mon 20:00-20:00");
  CHECK(day.holds(at("mon", 20)));
  CHECK(day.holds(at("tue", 19, 59)));
  CHECK_FALSE(day.holds(at("tue", 20)));
  CHECK(windows("mon 20:00-00:00") == windows("mon 20:00-24:00"));
  CHECK(windows("mon 00:00-00:00") == windows("mon"));
}

TEST_CASE("windows are printed in one form, which reads as the same") {
  CHECK(normal("mon-fri  20:00-07:00 ,sat,sun\t9:00-12:00") ==
        "mon-fri 20:00-07:00, sat, sun 09:00-12:00");
  CHECK(normal("0:00-24:00") == "mon-sun");
  CHECK(normal("mon 00:00-00:00") == "mon");
  CHECK(normal("mon-sun 8:00-9:00") == "08:00-09:00");
  CHECK(normal("fri-thu") == "mon-sun");
  CHECK(normal("20:00-00:00") == "20:00-24:00");
  CHECK(normal("20:00-20:00") == "20:00-20:00");
  CHECK(normal("mon-mon") == "mon");
  CHECK(Windows().text().empty());
}

TEST_CASE("a window that is none says what was probably meant") {
  CHECK(why_not("Mon") ==
        "'Mon' is no day of the week (mon, tue, wed, thu, fri, sat, sun), did you mean 'mon'?");
  CHECK(why_not("monday-friday").ends_with(", did you mean 'mon'?"));
  CHECK(why_not("tues").ends_with(", did you mean 'tue'?"));
  CHECK(why_not("weekdays 20:00-22:00").ends_with(", did you mean 'mon-fri'?"));
  CHECK(why_not("weekend").ends_with(", did you mean 'sat-sun'?"));
  CHECK(why_not("mon 8pm-9pm") ==
        "'8pm' is no time of day (HH:MM, 00:00 to 24:00), did you mean '20:00'?");
  CHECK(why_not("9-12").starts_with("'9' is no time of day"));
  CHECK(why_not("9-12").ends_with(", did you mean '09:00'?"));
  CHECK(why_not("12am-6:00").ends_with(", did you mean '00:00'?"));
  CHECK(why_not("9.30-12:00").ends_with(", did you mean '09:30'?"));
  CHECK(why_not("9:00-24:01") == "'24:01' is no time of day (HH:MM, 00:00 to 24:00)");
  CHECK(why_not("24:00-06:00") ==
        "'24:00-06:00' begins when its day has ended, did you mean '00:00-06:00'?");
  CHECK(why_not("20:00") == "'20:00' has no end (FROM-TO, like 20:00-24:00)");
  CHECK(why_not("mon - fri").starts_with("'mon - fri' is no window"));
  CHECK(why_not("20:00-07:00 mon").starts_with("'20:00-07:00 mon' is no window"));
  CHECK(why_not("mon\xE2\x80\x93"
                "fri") ==
        "'mon\xE2\x80\x93"
        "fri' has a long dash: write '-'");
  CHECK(why_not("mon,,tue") == "a window is missing between commas");
  CHECK(why_not("") == "a window is missing between commas");
  for (const char* text : {"mon-", "-fri", "20:00-", "-07:00", "20:0-21:00", "20:000-21:00",
                           "20:60-21:00", "mon 20:00-21:00-22:00", "20:00:00-21:00", "mon tue"}) {
    INFO(text);
    CHECK_FALSE(Windows::parse(text).ok());
  }
}

TEST_CASE("lines of one rule add up") {
  Windows when;
  when.add(windows("mon-fri 20:00-07:00"));
  when.add(windows("sat"));
  CHECK(when == windows("mon-fri 20:00-07:00, sat"));
  CHECK(when.text() == "mon-fri 20:00-07:00, sat");
  when.add(Windows());
  CHECK(when.text() == "mon-fri 20:00-07:00, sat");
}

TEST_CASE("windows that touch or overlap are one, however they are written") {
  CHECK(windows("8:00-12:00, 12:00-16:00") == windows("8:00-16:00"));
  CHECK(windows("mon 20:00-24:00, tue 0:00-7:00") == windows("mon 20:00-07:00"));
  CHECK(windows("sat, mon-fri, sun").always());
  CHECK_FALSE(windows("8:00-12:00, 12:01-16:00") == windows("8:00-16:00"));
}

TEST_CASE("a rule of all week covers one of some hours, and not the other way round") {
  CHECK(Windows().covers(windows("mon")));
  CHECK_FALSE(windows("mon").covers(Windows()));
  CHECK(windows("mon-fri").covers(windows("tue 20:00-07:00")));
  CHECK_FALSE(windows("mon-fri").covers(windows("fri 20:00-07:00")));
  CHECK(windows("sun 20:00-07:00").covers(windows("mon 5:00-6:00")));
}

// A set of windows of few hours, so that they meet often.
std::string some_windows(std::mt19937& engine) {
  const auto random = [&](unsigned below) { return static_cast<unsigned>(engine()) % below; };
  std::string out;
  for (unsigned i = 0; i <= random(4); ++i) {
    out += out.empty() ? "" : ", ";
    const unsigned form = random(3);
    if (form != 1) {
      out += std::string(weekday_names.at(random(7)));
      out += random(2) == 0 ? "" : "-" + std::string(weekday_names.at(random(7)));
    }
    if (form != 0) {
      const auto clock = [&](unsigned hour) {
        return std::to_string(hour) + (hour < 24 && random(3) == 0 ? ":30" : ":00");
      };
      out += (form == 1 ? "" : " ") + clock(random(24)) + "-" + clock(random(25));
    }
  }
  return out;
}

TEST_CASE("normal form, covering and the next change agree with looking at every minute") {
  std::mt19937 engine(5);
  for (int round = 0; round < 200; ++round) {
    const std::string text_a = some_windows(engine);
    const std::string text_b = some_windows(engine);
    INFO(text_a << " and " << text_b);
    const Windows a = windows(text_a);
    const Windows b = windows(text_b);
    CHECK(windows(a.text()) == a);
    CHECK(normal(a.text()) == a.text());
    Windows both = a;
    both.add(b);
    bool covers = true;
    bool same = true;
    bool united = true;
    for (WeekMinute minute = 0; minute < minutes_of_week; ++minute) {
      covers = covers && (a.holds(minute) || !b.holds(minute));
      same = same && a.holds(minute) == b.holds(minute);
      united = united && both.holds(minute) == (a.holds(minute) || b.holds(minute));
    }
    CHECK(a.covers(b) == covers);
    CHECK((a == b) == same);
    CHECK(united);
    const WeekMinute from = static_cast<WeekMinute>(engine()) % minutes_of_week;
    std::optional<WeekMinute> change;
    for (WeekMinute wait = 1; wait <= minutes_of_week && !change; ++wait) {
      if (a.holds((from + wait) % minutes_of_week) != a.holds(from)) {
        change = wait;
      }
    }
    CHECK(a.minutes_to_change(from) == change);
  }
}

}  // namespace
}  // namespace weir
