// When a rule holds: windows of the week, like `mon-fri 20:00-07:00, sat, sun 9:00-12:00`. Each is
// days, a span of the day, or both; what is left out is every day, or the whole day. A window
// belongs to the day it begins on and ends at the next TO after its FROM: mon 20:00-07:00 ends on
// Tuesday, mon 20:00-20:00 a day later, and 24:00 is the end of the day.
//
// What counts is what the clock on the wall shows. So where daylight saving time begins, a window
// that lies in the hour that is left out does not happen, and one that would begin in it begins
// when the clock has been put forward; where it ends, the hour that is there twice is twice in or
// out of the window. rules/timetable.h knows the clock.
//
// Immutable once made, a value; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/window.h"
#include "weir/result.h"

namespace weir {

class Windows {
 public:
  Windows() = default;  // no condition: always
  // One window or several, separated by commas.
  static Result<Windows> parse(std::string_view text);

  // A further line of the same rule.
  void add(const Windows& other);

  [[nodiscard]] bool always() const;
  // REQUIRES: minute < minutes_of_week
  [[nodiscard]] bool holds(WeekMinute minute) const;
  // How many minutes after this one the answer is another; none where it never is.
  // REQUIRES: minute < minutes_of_week
  [[nodiscard]] std::optional<WeekMinute> minutes_to_change(WeekMinute minute) const;
  // True when this holds whenever `other` does.
  [[nodiscard]] bool covers(const Windows& other) const;
  // In normal form, which parse() takes; "" for no condition.
  [[nodiscard]] const std::string& text() const { return text_; }

  // Whether both hold at the same times, however they are written.
  friend bool operator==(const Windows& a, const Windows& b) { return a.spans_ == b.spans_; }

 private:
  struct Span {
    std::uint16_t begin = 0;
    std::uint16_t end = minutes_of_week;  // not in it any more
    friend bool operator==(const Span&, const Span&) = default;
  };
  void add(WeekMinute begin, WeekMinute length);

  std::string text_;
  std::vector<Span> spans_{Span{}};  // sorted; none touches another
};

}  // namespace weir
