// How a time zone goes on for ever: the TZ text of POSIX, which also ends every TZif file (RFC
// 9636, section 3.3.2), like CET-1CEST,M3.5.0,M10.5.0/3. A plain value; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "weir/result.h"

namespace weir {

// What a clock on the wall shows against UTC.
struct ZoneOffset {
  std::chrono::seconds ahead{};  // of UTC; behind it where it is negative
  std::string abbreviation;      // "CEST"
  friend bool operator==(const ZoneOffset&, const ZoneOffset&) = default;
};

// A span of time in which that stays the same.
struct ZonePeriod {
  std::chrono::sys_seconds begin = std::chrono::sys_seconds::min();
  std::chrono::sys_seconds end = std::chrono::sys_seconds::max();  // not in it any more
  ZoneOffset offset;
};

// No clock on the wall is further away from UTC than that (RFC 9636, section 3.2).
inline constexpr std::chrono::hours furthest_from_utc{26};

class ZoneRule {
 public:
  static Result<ZoneRule> parse(std::string_view text);
  // REQUIRES: an instant of the years 1 to 9999.
  [[nodiscard]] ZonePeriod period_at(std::chrono::sys_seconds instant) const;

 private:
  // When the clocks are changed: a day of any year, and a time on the wall of that day, which may
  // be days before or after it.
  struct Switch {
    enum class Kind : std::uint8_t { month_week_day, day_without_leap_day, day_from_zero };
    Kind kind = Kind::month_week_day;
    int month = 1;
    int week = 1;  // 5: the last one
    int day = 0;   // of the week, Sunday 0; or of the year
    std::chrono::seconds time = std::chrono::hours(2);

    [[nodiscard]] std::chrono::local_seconds in(std::chrono::year year) const;
  };
  class Reader;

  ZoneOffset standard_;
  std::optional<ZoneOffset> daylight_;
  Switch to_daylight_;
  Switch to_standard_;
};

}  // namespace weir
