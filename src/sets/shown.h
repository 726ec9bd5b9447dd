// What a list says, in a message about it: lists come from strangers. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/escape.h"

namespace weir {

// In quotes, cut where it is long, and safe to print.
[[nodiscard]] inline std::string shown(std::string_view text) {
  constexpr std::size_t longest = 80;  // bytes
  std::string out = "'";
  append_printable(out, text.substr(0, longest));
  out += text.size() > longest ? "…'" : "'";
  return out;
}

}  // namespace weir
