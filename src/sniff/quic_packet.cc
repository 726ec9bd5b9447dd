#include "sniff/quic_packet.h"

#include <array>

namespace weir {
namespace {

constexpr std::uint8_t long_header = 0x80;
constexpr std::size_t longest_connection_id = 20;
constexpr std::size_t longest_packet_number = 4;

constexpr unsigned type_shift = 4;
constexpr unsigned type_bits = 3;
constexpr std::uint8_t retry_v1 = 3;
constexpr std::uint8_t retry_v2 = 0;
constexpr std::uint8_t initial_v1 = 0;
constexpr std::uint8_t initial_v2 = 1;

std::span<const std::uint8_t> read_connection_id(NetworkReader& in,
                                                 std::span<const std::uint8_t> all) {
  const std::size_t size = in.u8();
  const std::size_t at = in.position();
  if (size > longest_connection_id) {
    in.fail();
  }
  static_cast<void>(in.raw(size));
  return in.failed() ? std::span<const std::uint8_t>() : all.subspan(at, size);
}

}  // namespace

std::uint64_t read_quic_number(NetworkReader& in) {
  constexpr unsigned length_shift = 6;
  constexpr std::uint8_t value_mask = 0x3f;
  constexpr unsigned bits = 8;
  const std::uint8_t first = in.u8();
  std::uint64_t out = first & value_mask;
  for (std::size_t more = (std::size_t{1} << (first >> length_shift)) - 1; more > 0; --more) {
    out = out << bits | in.u8();
  }
  return in.failed() ? 0 : out;
}

QuicPacket read_quic_packet(std::span<const std::uint8_t> rest) {
  NetworkReader in(rest);
  const std::uint8_t first = in.u8();
  const std::uint32_t version = in.u32();
  if ((first & long_header) == 0 || in.failed()) {
    return {};
  }
  QuicPacket out;
  out.version = QuicVersion{version};
  const bool is_v2 = out.version == QuicVersion::v2;
  if (!is_v2 && out.version != QuicVersion::v1) {
    out.kind = QuicPacket::Kind::unknown_version;
    return out;
  }
  const std::uint8_t type = (first >> type_shift) & type_bits;
  if (type == (is_v2 ? retry_v2 : retry_v1)) {
    return {};  // a server's
  }
  const bool is_initial = type == (is_v2 ? initial_v2 : initial_v1);
  out.kind = is_initial ? QuicPacket::Kind::initial : QuicPacket::Kind::other;
  out.destination = read_connection_id(in, rest);
  static_cast<void>(read_connection_id(in, rest));
  if (is_initial) {
    static_cast<void>(in.raw(read_quic_number(in)));  // the token
  }
  const std::uint64_t size = read_quic_number(in);
  out.number_at = in.position();
  static_cast<void>(in.raw(size));
  if (in.failed()) {
    return {};
  }
  out.bytes = rest.first(in.position());
  return out;
}

std::optional<std::span<const std::uint8_t>> open_initial(const QuicKeys& keys,
                                                          const QuicPacket& packet,
                                                          std::vector<std::uint8_t>& room) {
  // The sample stands behind the longest packet number (RFC 9001, section 5.4.2).
  const std::size_t sample_at = packet.number_at + longest_packet_number;
  if (packet.bytes.size() < sample_at + QuicKeys::sample_size) {
    return std::nullopt;
  }
  constexpr std::uint8_t masked_bits = 0x0f;
  constexpr std::uint8_t length_bits = 0x03;
  constexpr unsigned bits = 8;
  room.assign(packet.bytes.begin(), packet.bytes.end());
  const auto mask =
      keys.header_mask(packet.bytes.subspan(sample_at).first<QuicKeys::sample_size>());
  room[0] ^= static_cast<std::uint8_t>(mask[0] & masked_bits);
  const std::size_t length = (room[0] & length_bits) + std::size_t{1};
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < length; ++i) {
    std::uint8_t& byte = room[packet.number_at + i];
    byte ^= mask[1 + i];
    number = number << bits | byte;
  }
  const std::span all(room);
  const std::size_t payload_at = packet.number_at + length;
  return keys.open(number, all.first(payload_at), all.subspan(payload_at));
}

}  // namespace weir
