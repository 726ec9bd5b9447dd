#include "base/moment_text.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/local_clock.h"

namespace weir {

using std::chrono::days;
using std::chrono::local_seconds;
using std::chrono::sys_seconds;

namespace {

std::string date_text(local_seconds local) {
  const std::chrono::year_month_day date(std::chrono::floor<days>(local));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace

std::string day_name(local_seconds local) {
  static constexpr std::array<std::string_view, 7> names{"Mon", "Tue", "Wed", "Thu",
                                                         "Fri", "Sat", "Sun"};
  return std::string(
      names.at(std::chrono::weekday(std::chrono::floor<days>(local)).iso_encoding() - 1));
}

std::string clock_text(local_seconds local) {
  const std::chrono::hh_mm_ss of_day(local - std::chrono::floor<days>(local));
  return fmt::format("{:02}:{:02}", of_day.hours().count(), of_day.minutes().count());
}

std::string moment_text(sys_seconds then, sys_seconds now, const TimeZone& zone) {
  const local_seconds local = zone.local(then);
  const auto wait = local - zone.local(now);
  if (wait < days(1)) {
    return clock_text(local);
  }
  return (wait < days(7) ? day_name(local) : date_text(local)) + " " + clock_text(local);
}

std::string local_moment(Instant then) {
  const auto clock = read_local_clock();
  const auto left = std::chrono::ceil<std::chrono::seconds>(
      then - std::chrono::time_point_cast<Instant::duration>(std::chrono::steady_clock::now()));
  return moment_text(clock->now + left, clock->now, clock->zone);
}

}  // namespace weir
