#include "sniff/quic_frames.h"

#include "base/bytes.h"
#include "sniff/quic_packet.h"

namespace weir {
namespace {

// RFC 9000, section 19.
constexpr std::uint64_t padding_frame = 0x00;
constexpr std::uint64_t ping_frame = 0x01;
constexpr std::uint64_t ack_frame = 0x02;
constexpr std::uint64_t ack_ecn_frame = 0x03;
constexpr std::uint64_t crypto_frame = 0x06;

void skip_quic_numbers(NetworkReader& in, std::uint64_t count) {
  for (; count > 0 && !in.failed(); --count) {
    static_cast<void>(read_quic_number(in));
  }
}

void skip_ack(NetworkReader& in, std::uint64_t type) {
  constexpr std::uint64_t ecn_counts = 3;
  skip_quic_numbers(in, 2);  // the largest acknowledged, and the delay
  const std::uint64_t ranges = read_quic_number(in);
  skip_quic_numbers(in, 1);  // the first range
  for (std::uint64_t i = 0; i < ranges && !in.failed(); ++i) {
    skip_quic_numbers(in, 2);  // a gap, and the range behind it
  }
  if (type == ack_ecn_frame) {
    skip_quic_numbers(in, ecn_counts);
  }
}

}  // namespace

bool read_initial_frames(std::span<const std::uint8_t> payload, QuicCryptoStream& stream) {
  NetworkReader in(payload);
  while (in.left() != 0) {
    const std::uint64_t type = read_quic_number(in);
    if (type == ack_frame || type == ack_ecn_frame) {
      skip_ack(in, type);
    } else if (type == crypto_frame) {
      const std::uint64_t offset = read_quic_number(in);
      const std::uint64_t size = read_quic_number(in);
      const std::size_t at = in.position();
      static_cast<void>(in.raw(size));
      if (!in.failed() && !stream.add(offset, payload.subspan(at, size))) {
        return false;
      }
    } else if (type != padding_frame && type != ping_frame) {
      return false;
    }
  }
  return !in.failed();
}

}  // namespace weir
