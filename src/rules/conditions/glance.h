// Lists in sentences: as many items as fit a glance. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>

namespace weir {

template <typename Items, typename Text>
[[nodiscard]] std::string some_of(const Items& items, Text text) {
  constexpr std::size_t glance = 4;
  std::string out;
  for (std::size_t i = 0; i < items.size() && i < glance; ++i) {
    out += (i == 0 ? "" : ", ") + text(items[i]);
  }
  if (items.size() > glance) {
    out += ", … (" + std::to_string(items.size()) + " in all)";
  }
  return out;
}

}  // namespace weir
