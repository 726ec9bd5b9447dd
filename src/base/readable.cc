#include "base/readable.h"

#include <fmt/format.h>

#include <array>

namespace weir {

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) {
    return std::to_string(bytes) + " B";
  }
  auto amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (amount >= 1023.95 && unit + 1 < units.size()) {
    amount /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, units[unit]);
}

std::string elapsed_text(double ms) {
  if (ms < 1000) {
    return fmt::format("{:.0f}ms", ms);
  }
  const auto seconds = static_cast<std::int64_t>(ms / 1000);
  if (seconds < 60) {
    return fmt::format("{}.{}s", seconds, static_cast<std::int64_t>(ms / 100) % 10);
  }
  if (seconds < 3600) {
    return fmt::format("{}m{}s", seconds / 60, seconds % 60);
  }
  if (seconds < 86400) {
    return fmt::format("{}h{}m", seconds / 3600, seconds / 60 % 60);
  }
  return fmt::format("{}d{}h", seconds / 86400, seconds / 3600 % 24);
}

}  // namespace weir
