#include "sniff/host_text.h"

#include <algorithm>
#include <cstddef>

#include "sets/name.h"

namespace weir {
namespace {

bool is_host_digit(char c) { return c >= '0' && c <= '9'; }

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || is_host_digit(c) || c == '-' || c == '_';
}

bool is_host_label(std::string_view label) {
  return !label.empty() && label.size() <= longest_label &&
         std::all_of(label.begin(), label.end(), is_host_character);
}

}  // namespace

std::optional<std::string> host_of(std::string_view text) {
  if (text.ends_with('.')) {
    text.remove_suffix(1);
  }
  if (text.size() > longest_host) {
    return std::nullopt;
  }
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lowered);
  std::string_view rest = out;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (!is_host_label(label)) {
      return std::nullopt;
    }
    if (dot == std::string_view::npos) {
      const bool is_number = std::all_of(label.begin(), label.end(), is_host_digit);
      return is_number ? std::nullopt : std::optional(std::move(out));
    }
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace weir
