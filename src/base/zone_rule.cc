#include "base/zone_rule.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/text.h"

namespace weir {

using std::chrono::seconds;
using std::chrono::sys_seconds;

// Reads what is left from the front. The first thing that does not fit makes it fail.
class ZoneRule::Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool at(char one) const { return !rest_.empty() && rest_.front() == one; }
  bool take(char one) {
    const bool there = at(one);
    rest_.remove_prefix(there ? 1 : 0);
    return there;
  }

  // CEST, or <+1030>.
  std::string abbreviation() {
    const bool quoted = take('<');
    std::size_t size = 0;
    while (size < rest_.size() && is_part(rest_[size], quoted)) {
      ++size;
    }
    constexpr std::size_t min = 3;
    constexpr std::size_t max = 31;
    failed_ |= size < min || size > max;
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(size);
    failed_ |= quoted && !take('>');
    return out;
  }

  int number(int min, int max) {
    int out = 0;
    std::size_t size = 0;
    while (size < rest_.size() && std::isdigit(static_cast<unsigned char>(rest_[size])) != 0 &&
           out <= max) {
      out = out * 10 + (rest_[size++] - '0');
    }
    failed_ |= size == 0 || out < min || out > max;
    rest_.remove_prefix(size);
    return out;
  }

  // [+-]h[h[h]][:mm[:ss]]
  seconds time(int max_hours) {
    const bool negative = take('-');
    if (!negative) {
      take('+');
    }
    constexpr int max = 59;
    seconds out = std::chrono::hours(number(0, max_hours));
    if (take(':')) {
      out += std::chrono::minutes(number(0, max));
      if (take(':')) {
        out += seconds(number(0, max));
      }
    }
    return negative ? -out : out;
  }

  Switch change() {
    Switch out;
    if (take('M')) {
      out.month = number(1, 12);
      failed_ |= !take('.');
      out.week = number(1, 5);
      failed_ |= !take('.');
      out.day = number(0, 6);
    } else if (take('J')) {
      out.kind = Switch::Kind::day_without_leap_day;
      out.day = number(1, 365);
    } else {
      out.kind = Switch::Kind::day_from_zero;
      out.day = number(0, 365);
    }
    if (take('/')) {
      constexpr int max_hours = 167;  // a week
      out.time = time(max_hours);
    }
    return out;
  }

 private:
  static bool is_part(char one, bool quoted) {
    const auto byte = static_cast<unsigned char>(one);
    return std::isalpha(byte) != 0 ||
           (quoted && (std::isdigit(byte) != 0 || one == '+' || one == '-'));
  }

  std::string_view rest_;
  bool failed_ = false;
};

Result<ZoneRule> ZoneRule::parse(std::string_view text) {
  constexpr int max_hours = 24;
  Reader reader(text);
  ZoneRule rule;
  rule.standard_.abbreviation = reader.abbreviation();
  rule.standard_.ahead = -reader.time(max_hours);  // POSIX counts westwards
  if (!reader.failed() && !reader.at_end()) {
    ZoneOffset daylight;
    daylight.abbreviation = reader.abbreviation();
    daylight.ahead = rule.standard_.ahead + std::chrono::hours(1);
    if (!reader.at_end() && !reader.at(',')) {
      daylight.ahead = -reader.time(max_hours);
    }
    rule.daylight_ = std::move(daylight);
    // Without dates those of the United States are meant, as everywhere.
    Reader dates(",M3.2.0,M11.1.0");
    Reader& from = reader.at_end() ? dates : reader;
    const bool first = from.take(',');
    rule.to_daylight_ = from.change();
    const bool second = from.take(',');
    rule.to_standard_ = from.change();
    if (!first || !second || from.failed() || !from.at_end()) {
      return Error(quoted(text) + " is no rule of a time zone (like CET-1CEST,M3.5.0,M10.5.0/3)");
    }
  }
  if (reader.failed()) {
    return Error(quoted(text) + " is no rule of a time zone (like CET-1CEST,M3.5.0,M10.5.0/3)");
  }
  return rule;
}

std::chrono::local_seconds ZoneRule::Switch::in(std::chrono::year year) const {
  using std::chrono::days;
  const std::chrono::local_days first(year / std::chrono::January / 1);
  constexpr int end_of_february = 59;
  switch (kind) {
    case Kind::day_without_leap_day:
      return first + days(day - 1 + (year.is_leap() && day > end_of_february ? 1 : 0)) + time;
    case Kind::day_from_zero:
      return first + days(day) + time;
    case Kind::month_week_day:
      break;
  }
  const std::chrono::month in_month(static_cast<unsigned>(month));
  const std::chrono::weekday of_week(static_cast<unsigned>(day));
  constexpr int last = 5;
  const std::chrono::local_days date =
      week == last
          ? std::chrono::local_days(year / in_month / of_week[std::chrono::last])
          : std::chrono::local_days(year / in_month / of_week[static_cast<unsigned>(week)]);
  return date + time;
}

ZonePeriod ZoneRule::period_at(sys_seconds instant) const {
  if (!daylight_) {
    return {.offset = standard_};
  }
  struct Change {
    sys_seconds at;
    bool to_daylight;
  };
  // Those of the years around: a change may lie a week outside of its own year.
  const std::chrono::year year =
      std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(instant)).year();
  std::array<Change, 6> changes{};
  for (int i = 0; i < 3; ++i) {
    const std::chrono::year in = year + std::chrono::years(i - 1);
    const auto place = 2 * static_cast<std::size_t>(i);
    changes[place] = {sys_seconds(to_standard_.in(in).time_since_epoch() - daylight_->ahead),
                      false};
    changes[place + 1] = {sys_seconds(to_daylight_.in(in).time_since_epoch() - standard_.ahead),
                          true};
  }
  // Where both fall together it is daylight saving time all year long.
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return a.at < b.at || (a.at == b.at && !a.to_daylight && b.to_daylight);
  });
  const auto next = std::upper_bound(changes.begin(), changes.end(), instant,
                                     [](sys_seconds t, const Change& one) { return t < one.at; });
  ZonePeriod out;
  out.offset = standard_;
  if (next != changes.begin()) {
    const Change& last = *std::prev(next);
    out.begin = last.at;
    out.offset = last.to_daylight ? *daylight_ : standard_;
  }
  if (next != changes.end()) {
    out.end = next->at;
  }
  return out;
}

}  // namespace weir
