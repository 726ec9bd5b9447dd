#include "base/wall_time.h"

namespace weir {
namespace {

void append_digits(std::string& out, unsigned number, unsigned count) {
  const std::size_t end = out.size() + count;
  out.resize(end);
  for (unsigned i = 1; i <= count; ++i) {
    out[end - i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

}  // namespace

WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

void append_rfc3339(std::string& out, WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<Milliseconds>(time - day));
  const auto count = [](auto duration) { return static_cast<unsigned>(duration.count()); };
  append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, count(clock.hours()), 2);
  out += ':';
  append_digits(out, count(clock.minutes()), 2);
  out += ':';
  append_digits(out, count(clock.seconds()), 2);
  out += '.';
  append_digits(out, count(clock.subseconds()), 3);
  out += 'Z';
}

WallClock::Reading WallClock::read_clocks() {
  return {std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::steady_clock::now()),
          wall_now()};
}

WallTime WallClock::at(Instant instant) {
  if (instant != asked_) {
    const Reading reading = read_();
    asked_ = instant;
    answer_ = reading.wall - (reading.instant - instant);
  }
  return answer_;
}

}  // namespace weir
