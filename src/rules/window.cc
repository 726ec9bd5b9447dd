#include "rules/window.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "base/suggest.h"
#include "base/text.h"

namespace weir {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// What a word that names no day probably means.
std::string day_meant_by(std::string_view word) {
  const std::string wanted = lower(word);
  constexpr std::array<std::array<std::string_view, 2>, 6> phrases{{{"weekday", "mon-fri"},
                                                                    {"weekdays", "mon-fri"},
                                                                    {"workdays", "mon-fri"},
                                                                    {"weekend", "sat-sun"},
                                                                    {"weekends", "sat-sun"},
                                                                    {"daily", "mon-sun"}}};
  for (const auto& [phrase, days] : phrases) {
    if (wanted == phrase) {
      return ", did you mean '" + std::string(days) + "'?";
    }
  }
  for (const std::string_view day : weekday_names) {  // Monday, Mon.
    if (wanted.starts_with(day)) {
      return ", did you mean '" + std::string(day) + "'?";
    }
  }
  return did_you_mean(word, weekday_names);
}

Result<unsigned> parse_day(std::string_view word) {
  const auto found = std::find(weekday_names.begin(), weekday_names.end(), word);
  if (found == weekday_names.end()) {
    return Error(quoted(word) + " is no day of the week (mon, tue, wed, thu, fri, sat, sun)" +
                 day_meant_by(word));
  }
  return static_cast<unsigned>(found - weekday_names.begin());
}

Result<Ok> parse_days(std::string_view text, Window& out) {
  const auto dash = text.find('-');
  const auto first = parse_day(text.substr(0, dash));
  if (!first) {
    return first.error();
  }
  const auto last = dash == std::string_view::npos ? first : parse_day(text.substr(dash + 1));
  if (!last) {
    return last.error();
  }
  out.first_day = first.value();
  out.days = (last.value() + days_of_week - first.value()) % days_of_week + 1;
  return Ok{};
}

std::string clock_text(WeekMinute minute) {
  return fmt::format("{:02}:{:02}", minute / 60, minute % 60);
}

std::optional<WeekMinute> digits(std::string_view text) {
  if (text.empty() || text.size() > 2 ||
      text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  WeekMinute out = 0;
  for (const char one : text) {
    out = out * 10 + static_cast<WeekMinute>(one - '0');
  }
  return out;
}

// 9, 9h, 9.30, 8pm
std::string time_meant_by(std::string_view text) {
  std::string word = lower(text);
  const bool after_noon = word.ends_with("pm");
  const bool before_noon = word.ends_with("am");
  if (after_noon || before_noon) {
    word.resize(word.size() - 2);
  } else if (word.ends_with('h')) {
    word.pop_back();
  }
  const auto at = word.find_first_of(".:h");
  auto hour = digits(std::string_view(word).substr(0, at));
  const auto minute =
      at == std::string::npos ? std::optional<WeekMinute>(0) : digits(word.substr(at + 1));
  if (!hour || !minute || *minute > 59 || (at != std::string::npos && word.size() - at != 3)) {
    return "";
  }
  if (after_noon || before_noon) {
    hour = *hour % 12 + (after_noon ? 12 : 0);
  }
  return *hour > 24 || *hour * 60 + *minute > minutes_of_day
             ? ""
             : ", did you mean '" + clock_text(*hour * 60 + *minute) + "'?";
}

Result<WeekMinute> parse_clock(std::string_view text) {
  const auto colon = text.find(':');
  const auto hour = digits(text.substr(0, colon));
  const std::string_view behind =
      colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  const auto minute = digits(behind);
  if (!hour || !minute || behind.size() != 2 || *minute > 59 ||
      *hour * 60 + *minute > minutes_of_day) {
    return Error(quoted(text) + " is no time of day (HH:MM, 00:00 to 24:00)" + time_meant_by(text));
  }
  return *hour * 60 + *minute;
}

Result<Ok> parse_times(std::string_view text, Window& out) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) {
    const auto alone = parse_clock(text);
    return alone
               ? Error(quoted(text) + " has no end (FROM-TO, like " + std::string(text) + "-24:00)")
               : alone.error();
  }
  const auto from = parse_clock(text.substr(0, dash));
  if (!from) {
    return from.error();
  }
  const auto to = parse_clock(text.substr(dash + 1));
  if (!to) {
    return to.error();
  }
  if (from.value() == minutes_of_day) {
    return Error(quoted(text) + " begins when its day has ended, did you mean '00:00-" +
                 clock_text(to.value()) + "'?");
  }
  out.from = from.value();
  out.length = to.value() > from.value() ? to.value() - from.value()
                                         : to.value() + minutes_of_day - from.value();
  return Ok{};
}

bool begins_with_digit(std::string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const auto end = std::min(text.find_first_of(blanks), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace

Result<Window> parse_window(std::string_view text) {
  const auto words = words_of(text);
  if (words.empty()) {
    return Error("a window is missing between commas");
  }
  constexpr std::string_view long_dash = "\xE2\x80\x93";  // word processors make it of a '-'
  if (text.find(long_dash) != std::string_view::npos) {
    return Error(quoted(text) + " has a long dash: write '-'");
  }
  Window out;
  const bool days = !begins_with_digit(words.front());
  const bool times = begins_with_digit(words.back());
  if (words.size() > 2 || (words.size() == 2 && !(days && times))) {
    return Error(quoted(text) +
                 " is no window (days, FROM-TO or both, like mon-fri 20:00-07:00; no blanks "
                 "around '-', commas between windows)");
  }
  if (days) {
    if (auto read = parse_days(words.front(), out); !read) {
      return read.error();
    }
  }
  if (times) {
    if (auto read = parse_times(words.back(), out); !read) {
      return read.error();
    }
  }
  return out;
}

std::string text_of(const Window& window) {
  const bool whole_day = window.from == 0 && window.length == minutes_of_day;
  std::string out;
  if (window.days < days_of_week || whole_day) {
    const unsigned last = (window.first_day + window.days - 1) % days_of_week;
    // The whole week begins on Monday, wherever it was said to.
    out = window.days == days_of_week ? std::string("mon-sun")
                                      : std::string(weekday_names.at(window.first_day));
    if (window.days > 1 && window.days < days_of_week) {
      out += "-" + std::string(weekday_names.at(last));
    }
  }
  if (!whole_day) {
    const WeekMinute end = window.from + window.length;
    out += (out.empty() ? "" : " ") + clock_text(window.from) + "-" +
           clock_text(end > minutes_of_day ? end - minutes_of_day : end);
  }
  return out;
}

}  // namespace weir
