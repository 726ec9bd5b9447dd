#include "base/time_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/text.h"

namespace weir {

using std::chrono::seconds;

namespace {

// Reads what is left from the front. The first thing that does not fit makes it fail.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  bool take_one_of(std::string_view these) {
    const bool there = !rest_.empty() && these.find(rest_.front()) != std::string_view::npos;
    taken_ = there ? rest_.front() : '\0';
    rest_.remove_prefix(there ? 1 : 0);
    return there;
  }
  [[nodiscard]] char taken() const { return taken_; }
  void expect(std::string_view one_of) { failed_ |= !take_one_of(one_of); }
  // Exactly so many digits.
  int number(std::size_t digits, int max) {
    int out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const bool there =
          i < rest_.size() && std::isdigit(static_cast<unsigned char>(rest_[i])) != 0;
      failed_ |= !there;
      out = out * 10 + (there ? rest_[i] - '0' : 0);
    }
    rest_.remove_prefix(std::min(digits, rest_.size()));
    failed_ |= out > max;
    return out;
  }
  void skip_digits() {
    failed_ |= rest_.empty() || std::isdigit(static_cast<unsigned char>(rest_.front())) == 0;
    while (!rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_.front())) != 0) {
      rest_.remove_prefix(1);
    }
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
  char taken_ = '\0';
};

struct Written {
  std::chrono::year_month_day date;
  seconds time{};                // of the day
  std::optional<seconds> ahead;  // of UTC, where it is said
};

std::optional<Written> read(std::string_view text) {
  constexpr int max_hours = 23;
  constexpr int max = 59;
  Reader in(text);
  Written out;
  const std::chrono::year year(in.number(4, 9999));
  in.expect("-");
  const std::chrono::month month(static_cast<unsigned>(in.number(2, 12)));
  in.expect("-");
  const std::chrono::day day(static_cast<unsigned>(in.number(2, 31)));
  out.date = year / month / day;
  in.expect("Tt ");
  out.time = std::chrono::hours(in.number(2, max_hours));
  in.expect(":");
  out.time += std::chrono::minutes(in.number(2, max));
  if (in.take_one_of(":")) {
    out.time += seconds(in.number(2, max));
    if (in.take_one_of(".")) {
      in.skip_digits();
    }
  }
  if (in.take_one_of("Zz")) {
    out.ahead = seconds(0);
  } else if (in.take_one_of("+-")) {
    const int sign = in.taken() == '-' ? -1 : 1;
    seconds ahead = std::chrono::hours(in.number(2, max_hours));
    in.expect(":");
    ahead += std::chrono::minutes(in.number(2, max));
    out.ahead = sign * ahead;
  }
  if (in.failed() || !in.at_end()) {
    return std::nullopt;
  }
  return out;
}

// "+02:00"
std::string ahead_text(seconds ahead) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(std::chrono::abs(ahead));
  return fmt::format("{}{:02}:{:02}", ahead < seconds(0) ? '-' : '+', minutes.count() / 60,
                     minutes.count() % 60);
}

std::string wall_text(std::chrono::local_seconds local) {
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::hh_mm_ss clock(local - day);
  const std::string out =
      fmt::format("{:02}:{:02}", clock.hours().count(), clock.minutes().count());
  return clock.seconds().count() == 0 ? out : out + fmt::format(":{:02}", clock.seconds().count());
}

std::string date_text(const std::chrono::year_month_day& date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

TimeInput on_the_wall(std::chrono::local_seconds local, const std::chrono::year_month_day& date,
                      const TimeZone& zone) {
  const Occurrence found = zone.occurrence_of(local);
  TimeInput out{.at = found.first, .remark = ""};
  const ZoneOffset taken = zone.period_at(found.first).offset;
  const std::string time = wall_text(local);
  if (found.how == Occurrence::How::twice) {
    const ZoneOffset later = zone.period_at(found.second).offset;
    out.remark = fmt::format(
        "{0} is there twice on {1}: the first time is taken ({2}, {3}); the second is {1}T{0}{4}",
        time, date_text(date), taken.abbreviation, ahead_text(taken.ahead),
        ahead_text(later.ahead));
  } else if (found.how == Occurrence::How::skipped) {
    const ZoneOffset before = zone.period_at(found.first - seconds(1)).offset;
    const auto from = std::chrono::local_seconds(found.first.time_since_epoch() + before.ahead);
    const std::string to = wall_text(zone.local(found.first));
    out.remark =
        fmt::format("{} does not exist on {}: the clock goes from {} to {}; {} {} is taken", time,
                    date_text(date), wall_text(from), to, to, taken.abbreviation);
  }
  return out;
}

}  // namespace

Result<TimeInput> parse_time(std::string_view text, const TimeZone& zone) {
  const auto written = read(text);
  if (!written) {
    return Error(quoted(text) +
                 " is no time (2026-03-29T02:30, or with Z or +01:00 behind it: RFC 3339)");
  }
  if (!written->date.ok()) {
    return Error(quoted(text) + " is no time: there is no " + date_text(written->date));
  }
  if (written->date.year() < std::chrono::year(1970)) {
    return Error(quoted(text) + " lies before 1970");
  }
  const std::chrono::local_seconds local = std::chrono::local_days(written->date) + written->time;
  if (written->ahead) {
    return TimeInput{.at = std::chrono::sys_seconds(local.time_since_epoch() - *written->ahead),
                     .remark = ""};
  }
  return on_the_wall(local, written->date, zone);
}

}  // namespace weir
