// A QUIC packet with a long header, as a client's datagrams hold them, of version 1 or 2.
//
// Views of the caller's bytes, which outlive them. Any thread. Headers: RFC 9000, section 17.2, and
// RFC 9369, section 3.2; several packets in a datagram: RFC 9000, section 12.2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "sniff/quic_keys.h"

namespace weir {

struct QuicPacket {
  enum class Kind : std::uint8_t {
    initial,
    other,            // 0-RTT or Handshake: passed over
    unknown_version,  // a long header of another version, Version Negotiation too
    none,  // a short header, padding, or no packet: where it ends is not known, so nothing follows
  };

  Kind kind = Kind::none;
  QuicVersion version = QuicVersion::v1;
  std::span<const std::uint8_t> destination;  // its connection id, 0 to 20 bytes
  // With `initial` and `other`: from its first byte to its last, and where in it the packet number
  // begins.
  std::span<const std::uint8_t> bytes;
  std::size_t number_at = 0;
};

// The packet at the beginning of what is left of a datagram. The fixed bit may be 0 (RFC 9287).
[[nodiscard]] QuicPacket read_quic_packet(std::span<const std::uint8_t> rest);

// The frames of an Initial, decrypted into `room`, whose contents go. Nothing: not under these
// keys.
//
// A packet number is taken as it stands: it is the lowest 8 to 32 bits of one, and a client that
// counts from 0 (RFC 9000, section 12.3) sends them all, unless it has sent 128 packets before an
// acknowledgement.
[[nodiscard]] std::optional<std::span<const std::uint8_t>> open_initial(
    const QuicKeys& keys, const QuicPacket& packet, std::vector<std::uint8_t>& room);

// A variable-length integer (RFC 9000, section 16).
[[nodiscard]] std::uint64_t read_quic_number(NetworkReader& in);

}  // namespace weir
