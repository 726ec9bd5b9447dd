// What lease files have in common: lines, words, numbers. Pure; any thread.
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/text.h"

namespace weir {

// A line of a text, without its end.
struct LeaseLine {
  std::string_view text;
  std::size_t number = 0;
  bool is_finished = false;  // its end is there
};

// Calls `each` with every line.
template <typename Each>
void each_line(std::string_view text, Each each) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const bool finished = end != std::string_view::npos;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(finished ? end + 1 : text.size());
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    each(LeaseLine{.text = line, .number = number, .is_finished = finished});
  }
}

// Takes the next word from the front; "" when there is none.
inline std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const auto end = std::min(text.find_first_of(blanks), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

inline std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return out;
}

// An instant that a calendar has; later ones are as good as never.
inline std::optional<std::chrono::sys_seconds> instant_of(std::int64_t seconds) {
  constexpr std::int64_t year_9999 = 253'370'764'800;
  if (seconds >= year_9999 || seconds < 0) {
    return std::nullopt;
  }
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

// A DHCP client may call itself anything; nothing longer than a DNS name is taken for a name.
inline constexpr std::size_t longest_name = 255;

}  // namespace weir
