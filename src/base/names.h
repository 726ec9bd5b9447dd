// What may be a name, wherever one is given.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace weir {

// Of a section, or of a server: it stands in records, metrics and paths of the API as it is. Empty
// is for the caller to judge.
[[nodiscard]] inline bool is_name(std::string_view text) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

inline constexpr std::string_view what_names_are = "letters, digits, '.', '_' and '-' make one";

// Why this is no name of a network interface, or "".
[[nodiscard]] inline std::string why_no_interface(std::string_view name) {
  constexpr std::size_t most = 15;  // IFNAMSIZ, without its closing zero
  if (name.size() <= most && name.find_first_of(" \t/:\"'!*+,") == std::string_view::npos) {
    return "";
  }
  return quoted(name) +
         " is no interface name (at most 15 bytes, without blanks, quotes or any of / : ! * + ,)";
}

}  // namespace weir
