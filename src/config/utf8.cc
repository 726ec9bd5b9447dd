#include "config/utf8.h"

#include <cstdint>

namespace weir {
namespace {

// How many bytes a sequence has, and the bounds of its second byte (RFC 3629, section 4).
struct Form {
  std::size_t length = 0;  // 0: no sequence begins like this
  std::uint8_t min = 0x80;
  std::uint8_t max = 0xbf;
};

Form form_of(std::uint8_t first) {
  if (first < 0x80) {
    return {1};
  }
  if (first < 0xc2) {
    return {};
  }
  if (first < 0xe0) {
    return {2};
  }
  if (first < 0xf0) {
    return {3, static_cast<std::uint8_t>(first == 0xe0 ? 0xa0 : 0x80),
            static_cast<std::uint8_t>(first == 0xed ? 0x9f : 0xbf)};
  }
  if (first < 0xf5) {
    return {4, static_cast<std::uint8_t>(first == 0xf0 ? 0x90 : 0x80),
            static_cast<std::uint8_t>(first == 0xf4 ? 0x8f : 0xbf)};
  }
  return {};
}

}  // namespace

std::size_t first_not_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const Form form = form_of(byte(i));
    if (form.length == 0 || text.size() - i < form.length) {
      return i;
    }
    for (std::size_t j = 1; j < form.length; ++j) {
      const std::uint8_t min = j == 1 ? form.min : 0x80;
      const std::uint8_t max = j == 1 ? form.max : 0xbf;
      if (byte(i + j) < min || byte(i + j) > max) {
        return i;
      }
    }
    i += form.length;
  }
  return std::string_view::npos;
}

}  // namespace weir
