// The host that a QUIC connection asks for, from the datagrams that its client sends first.
//
// Their Initial packets can be read by whatever sees them (sniff/quic_keys.h); put together, they
// hold a TLS ClientHello (sniff/client_hello.h). Bytes in, a value out, no I/O. One object a flow,
// owned by the flow's worker, which shows it the datagrams and keeps them meanwhile. QUIC: RFC 9000
// and RFC 9001; its version 2: RFC 9369.
//
// What servers answer is not seen, so a Retry shows only in what the client does after it: packets
// to another connection id, under keys that follow from that one, and the same handshake from its
// beginning (RFC 9000, section 17.2.5.3). A packet that the keys in use do not open is tried with
// those that follow from its own connection id.
//
// 136 bytes a flow, and those of sniff/quic_crypto_stream.h until there is an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sniff/quic_crypto_stream.h"
#include "sniff/quic_keys.h"
#include "sniff/quic_packet.h"
#include "sniff/sniffed.h"

namespace weir {

// Without cryptography: whether a flow's first datagram begins with a whole Initial packet of a
// known version, and has the 1,200 bytes that a client pads such a datagram to and that its server
// insists on (RFC 9000, section 14.1).
[[nodiscard]] bool may_begin_quic(std::span<const std::uint8_t> datagram);

class QuicSniffer {
 public:
  // While the answer is `more`, fewer datagrams and fewer bytes than these have come.
  static constexpr std::size_t most_datagrams = 8;
  static constexpr std::size_t most_bytes = std::size_t{10} * 1024;
  // Initials that the keys in use do not open; each costs a derivation of others.
  static constexpr std::size_t most_strangers = 8;

  // The next datagram of the client. The answer is `no_name` when the flow does not begin as
  // may_begin_quic wants it, or with an Initial that cannot be opened; later such packets, short
  // headers and other types are passed over. It is `no_name` as well for other versions, for a
  // close, for two packets that say different things, for a frame that is malformed, and when a
  // bound above is met. After an answer other than `more` it stays `no_name`.
  [[nodiscard]] Sniffed take(std::span<const std::uint8_t> datagram);

 private:
  [[nodiscard]] Sniffed look(std::span<const std::uint8_t> datagram);
  // False: the flow has no name.
  [[nodiscard]] bool read_packets(std::span<const std::uint8_t> datagram);
  [[nodiscard]] bool read_initial(const QuicPacket& packet, std::vector<std::uint8_t>& room);

  std::optional<QuicKeys> keys_;  // those of the last packet that was opened
  QuicVersion version_ = QuicVersion::v1;
  std::uint8_t datagrams_ = 0;
  std::uint8_t strangers_ = 0;
  bool is_over_ = false;
  std::size_t bytes_ = 0;
  QuicCryptoStream stream_;
};

}  // namespace weir
