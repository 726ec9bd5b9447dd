// Text as operators write it and messages show it. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace weir {

inline constexpr std::string_view blanks = " \t";

// Without the blanks around it.
[[nodiscard]] inline std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos
             ? std::string_view{}
             : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// What the operator wrote, in a message.
[[nodiscard]] inline std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

}  // namespace weir
