// The problem: what happens at 20:00 is decided in the workers and in the firewall, and has to be
// the same in both.
//
// Rejected: that the firewall looks at the clock. nft's `meta hour` and `meta day` compare UTC with
// numbers that nft has shifted by the zone's offset of the moment in which the rules were loaded,
// so that they are an hour off after the next change of daylight saving; a window over midnight
// becomes two rules, on two days. iptables' `time` is in UTC, or in the zone of the kernel, which
// is set when the machine starts and then stays.
//
// The choice: a condition is fitted to the time, as others are to the links: it then holds or does
// not. The gateway makes workers' rules and the firewall's plan of that, and does so again when it
// changes (next_change), or when the clock is set (loop/wall_clock_alarm.h).
#include "rules/timetable.h"

#include <algorithm>
#include <vector>

#include "base/moment_text.h"

namespace weir {

using std::chrono::local_seconds;
using std::chrono::sys_seconds;

namespace {

using Minutes = std::chrono::minutes;
using std::chrono::days;

// Two weeks and more: a zone that moves over the date line leaves a day out (Samoa left out a
// Friday), and then a window of that day alone comes a week later.
constexpr days ahead{16};

WeekMinute week_minute(local_seconds local) {
  const auto day = std::chrono::floor<days>(local);
  const unsigned of_week = std::chrono::weekday(day).iso_encoding() - 1;
  const auto of_day = std::chrono::floor<Minutes>(local - day);
  return of_week * minutes_of_day + static_cast<WeekMinute>(of_day.count());
}

local_seconds on_the_wall(const ZonePeriod& period, sys_seconds instant) {
  return local_seconds(instant.time_since_epoch() + period.offset.ahead);
}

// What is asked of many rules at one instant.
class Almanac {
 public:
  Almanac(sys_seconds now, const TimeZone& zone) : now_(now) {
    const sys_seconds last = now + ahead;
    periods_.push_back(zone.period_at(now));
    while (periods_.back().end <= last) {
      periods_.push_back(zone.period_at(periods_.back().end));
    }
    minute_ = week_minute(on_the_wall(periods_.front(), now));
  }

  [[nodiscard]] bool holds(const Windows& windows) const { return windows.holds(minute_); }

  [[nodiscard]] std::optional<sys_seconds> next_change(const Windows& windows) const {
    if (windows.always()) {
      return std::nullopt;
    }
    const bool before = holds(windows);
    sys_seconds at = now_;
    for (const ZonePeriod& period : periods_) {
      at = std::max(at, period.begin);
      const local_seconds local = on_the_wall(period, at);
      if (windows.holds(week_minute(local)) != before) {
        return at;  // the clock was changed, and is in another window
      }
      const auto wait = windows.minutes_to_change(week_minute(local));
      const local_seconds then = std::chrono::floor<Minutes>(local) + Minutes(wait.value_or(0));
      const sys_seconds change(then.time_since_epoch() - period.offset.ahead);
      if (change < period.end) {
        return change;
      }
    }
    return std::nullopt;
  }

 private:
  sys_seconds now_;
  std::vector<ZonePeriod> periods_;
  WeekMinute minute_ = 0;
};

}  // namespace

bool holds(const Windows& windows, sys_seconds now, const TimeZone& zone) {
  return windows.holds(week_minute(zone.local(now)));
}

std::optional<sys_seconds> next_change(const Windows& windows, sys_seconds now,
                                       const TimeZone& zone) {
  return Almanac(now, zone).next_change(windows);
}

std::string clock_state_text(const Windows& windows, sys_seconds now, const TimeZone& zone) {
  if (windows.text().empty()) {
    return "";
  }
  const Almanac almanac(now, zone);
  const auto change = almanac.next_change(windows);
  if (!change) {
    return "matches at any time";
  }
  const std::string when = moment_text(*change, now, zone);
  return almanac.holds(windows) ? "matches now, until " + when : "from " + when;
}

std::string why_not(const Windows& windows, sys_seconds now, const TimeZone& zone) {
  if (holds(windows, now, zone)) {
    return "";
  }
  const local_seconds local = zone.local(now);
  return "it is " + day_name(local) + " " + clock_text(local) + ", the rule holds " +
         windows.text() + " (" + clock_state_text(windows, now, zone) + ")";
}

}  // namespace weir
