// One window of the week as an operator writes it: days, a span of the day, or both. What all
// windows of a rule mean together is in rules/windows.h. Values; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "weir/result.h"

namespace weir {

// Counted from Monday, 00:00.
using WeekMinute = unsigned;
inline constexpr unsigned days_of_week = 7;
inline constexpr WeekMinute minutes_of_day = 24 * 60;
inline constexpr WeekMinute minutes_of_week = days_of_week * minutes_of_day;

inline constexpr std::array<std::string_view, days_of_week> weekday_names{
    "mon", "tue", "wed", "thu", "fri", "sat", "sun"};

struct Window {
  unsigned first_day = 0;
  unsigned days = days_of_week;  // one after the other
  WeekMinute from = 0;           // of each day
  WeekMinute length = minutes_of_day;
};

// "mon-fri 20:00-07:00", "sat", "9:00-12:00". Errors quote what is wrong and say what was probably
// meant.
[[nodiscard]] Result<Window> parse_window(std::string_view text);

// In normal form, which parse_window() takes.
[[nodiscard]] std::string text_of(const Window& window);

}  // namespace weir
