#include "dns/message.h"

#include <cstddef>

namespace weir {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t longest_name = 255;  // RFC 1035, section 2.3.4
constexpr std::size_t longest_label = 63;
constexpr std::size_t type_and_class = 4;

constexpr unsigned query_opcode = 0;
constexpr unsigned notify_opcode = 4;  // RFC 1996
constexpr unsigned update_opcode = 5;  // RFC 2136

std::uint16_t u16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>((bytes[at] << 8U) | bytes[at + 1]);
}

std::uint8_t lower(std::uint8_t c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

// FNV-1a, folded. The same in every process: a successor goes on with it.
class Sum {
 public:
  void add(std::uint8_t byte) { sum_ = (sum_ ^ byte) * 0x01000193U; }
  [[nodiscard]] std::uint16_t folded() const {
    const auto out = static_cast<std::uint16_t>((sum_ >> 16U) ^ sum_);
    return out != 0 ? out : 1;
  }

 private:
  std::uint32_t sum_ = 0x811c9dc5U;
};

// 0: there is no whole question. A question's name is never compressed: nothing stands before it.
std::uint16_t question_in(std::span<const std::uint8_t> bytes) {
  Sum sum;
  std::size_t at = 0;
  while (true) {
    if (at >= bytes.size() || at >= longest_name) {
      return 0;
    }
    const std::size_t label = bytes[at];
    if (label > longest_label || bytes.size() - at <= label) {
      return 0;
    }
    for (std::size_t i = 0; i <= label; ++i) {
      sum.add(i == 0 ? bytes[at] : lower(bytes[at + i]));
    }
    at += label + 1;
    if (label == 0) {
      break;
    }
  }
  if (at > longest_name || bytes.size() - at < type_and_class) {
    return 0;
  }
  for (std::size_t i = 0; i < type_and_class; ++i) {
    sum.add(bytes[at + i]);
  }
  return sum.folded();
}

// Whether a query with this many records is one that a resolver would answer.
bool is_sound_query(unsigned opcode, std::uint16_t answers) {
  return (opcode == query_opcode && answers == 0) || opcode == notify_opcode ||
         opcode == update_opcode;
}

}  // namespace

std::optional<DnsMessage> read_dns_message(std::span<const std::uint8_t> datagram) {
  if (datagram.size() < header_size) {
    return std::nullopt;
  }
  constexpr std::uint8_t is_response = 0x80;
  const bool asks = (datagram[2] & is_response) == 0;
  const unsigned opcode = (datagram[2] >> 3U) & 0xfU;
  const std::uint16_t questions = u16(datagram, 4);
  const std::uint16_t answers = u16(datagram, 6);
  DnsMessage out{.kind = asks ? DnsMessage::Kind::query : DnsMessage::Kind::response,
                 .id = u16(datagram, 0),
                 .question = 0};
  if (!asks && questions == 0) {
    return out;
  }
  if (questions != 1 || (asks && !is_sound_query(opcode, answers))) {
    return std::nullopt;
  }
  out.question = question_in(datagram.subspan(header_size));
  return out.question != 0 ? std::optional(out) : std::nullopt;
}

}  // namespace weir
