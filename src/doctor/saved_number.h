// A number as iptables-save prints it: "80", "0x10". Pure; any thread.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::doctor {

// None where the word begins with no number, or with one of more than 32 bits.
[[nodiscard]] inline std::optional<std::uint32_t> number(std::string_view word) {
  const bool hexadecimal = word.starts_with("0x");
  word.remove_prefix(hexadecimal ? 2 : 0);
  std::uint32_t value = 0;
  const auto [end, code] =
      std::from_chars(word.data(), word.data() + word.size(), value, hexadecimal ? 16 : 10);
  return code == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace weir::doctor
