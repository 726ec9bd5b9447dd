#include "sniff/dns_name.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "sets/name.h"
#include "sniff/host_text.h"

namespace weir {

std::string read_dns_name(NetworkReader& in) {
  constexpr std::size_t header_size = 12;
  constexpr std::size_t longest_name = 255;  // with the lengths and the root
  constexpr std::uint8_t pointer_bits = 0xc0;
  constexpr std::uint8_t offset_bits = 0x3f;
  constexpr unsigned byte_bits = 8;
  constexpr int most_pointers = 32;
  std::string out;
  std::optional<std::size_t> behind;
  int pointers = 0;
  // Each pointer leads to before the last one's labels, so they end; a message of 64 KiB could
  // still have a long row of them for each of its names.
  for (std::size_t labels_at = in.position(); !in.failed();) {
    const std::uint8_t length = in.u8();
    if ((length & pointer_bits) == pointer_bits) {
      const std::size_t to = static_cast<std::size_t>(length & offset_bits) << byte_bits | in.u8();
      behind = behind.value_or(in.position());
      if (to < header_size || to >= labels_at || ++pointers > most_pointers) {
        in.fail();
      }
      in.seek(to);
      labels_at = to;
      continue;
    }
    out += static_cast<char>(length);
    out += in.raw(length);
    if (length > longest_label || out.size() > longest_name) {
      in.fail();
    }
    if (length == 0) {
      break;
    }
  }
  if (in.failed()) {
    return {};
  }
  if (behind) {
    in.seek(*behind);
  }
  // A length is less than the letters.
  std::transform(out.begin(), out.end(), out.begin(), lowered);
  return out;
}

std::optional<std::string> host_of_dns_name(std::string_view name) {
  std::string text;
  while (!name.empty() && name.front() != '\0') {
    const auto length = static_cast<unsigned char>(name.front());
    const std::string_view label = name.substr(1, length);
    if (label.find('.') != std::string_view::npos) {
      return std::nullopt;  // would become two
    }
    text += text.empty() ? "" : ".";
    text += label;
    name.remove_prefix(1 + label.size());
  }
  return host_of(text);
}

}  // namespace weir
