// What may be a name, wherever one is given. Pure; any thread.
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
  constexpr std::size_t max = 15;  // IFNAMSIZ, without its closing zero
  if (name.size() <= max && name.find_first_of(" \t/:\"'!*+,") == std::string_view::npos) {
    return "";
  }
  return quoted(name) +
         " is no interface name (at most 15 bytes, without blanks, quotes or any of / : ! * + ,)";
}

// The same for one that may end in a star and then stands for every name that begins like it.
[[nodiscard]] inline std::string why_no_interface_pattern(std::string_view pattern) {
  const bool wild = pattern.size() > 1 && pattern.ends_with('*');
  const std::string_view name = wild ? pattern.substr(0, pattern.size() - 1) : pattern;
  std::string why = why_no_interface(name);
  if (why.empty()) {
    return why;
  }
  if (name == "*") {
    return "'*' is no interface name: every name there is needs no list";
  }
  if (name.ends_with('+')) {
    return quoted(pattern) + " is no interface name, did you mean '" +
           std::string(name.substr(0, name.size() - 1)) + "*'?";
  }
  if (name.find_first_of(" \t") != std::string_view::npos) {
    return quoted(pattern) + " is no interface name: names in a list are separated by commas";
  }
  if (const auto colon = name.find(':'); colon != std::string_view::npos) {
    return quoted(pattern) + " is no interface name but an alias: packets come in by " +
           quoted(name.substr(0, colon));
  }
  return why;
}

// Whether an interface's name is meant by a list's item: `ppp*` means all that begin with ppp.
[[nodiscard]] inline bool covers_interface(std::string_view pattern, std::string_view name) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1))
                                : pattern == name;
}

}  // namespace weir
