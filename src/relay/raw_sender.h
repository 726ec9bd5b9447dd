// Packets that no ordinary socket can send: UDP replies from an address and port that another
// program holds, and ICMP errors in the name of the destination.
//
// Raw sockets whose kernel builds the IP header (and fragments), with the source address given per
// packet. They are bound to a loopback address and filter everything out, so that they never
// receive a copy of the traffic. Opened when first needed.
//
// A worker has two, in its Replier and its IcmpReplies; its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/descriptor.h"
#include "base/socket_calls.h"
#include "weir/endpoint.h"

namespace weir {

class RawSender {
 public:
  explicit RawSender(std::uint32_t mark, const SocketCalls& calls = kernel_calls)
      : calls_(calls), mark_(mark) {}

  // One UDP datagram from `source` to `client`. Returns 0, or errno.
  int send_udp(const Endpoint& source, const Endpoint& client,
               std::span<const std::uint8_t> payload, std::uint8_t tos = 0);

  // Tells `client` that its datagram to `destination` failed, as an ICMP destination-unreachable
  // (RFC 792; RFC 4443, section 3.1): from the destination's address where something there said so,
  // from the router's own where routing did. Returns 0, or errno.
  enum class Unreachable : std::uint8_t { port, host, by_no_route, by_no_host, by_prohibition };
  int send_unreachable(const Endpoint& client, const Endpoint& destination, Unreachable what);
  // Tells it that a datagram is larger than the path MTU, `mtu` bytes:
  // "fragmentation needed" (RFC 1191, section 4), "packet too big" (RFC 4443, section 3.2). Returns
  // 0, or errno.
  int send_too_big(const Endpoint& client, const Endpoint& destination, std::uint32_t mtu);

  // Closes what is open; the next packet opens it anew.
  void reset() {
    v4_ = {};
    v6_ = {};
  }

 private:
  struct Sockets {
    Descriptor udp;
    Descriptor icmp;
  };
  enum class Kind : std::uint8_t { udp, icmp };

  int send_icmp(const Address& from, const Endpoint& client, const Endpoint& destination,
                std::uint8_t type, std::uint8_t code, std::uint32_t mtu);
  [[nodiscard]] Address own_address_towards(const Endpoint& client) const;

  int open(Family family, Kind kind, Descriptor& socket) const;
  int send(Family family, Kind kind, const Address& from, const Address& to,
           std::span<const std::uint8_t> packet, std::uint8_t tos = 0);

  const SocketCalls& calls_;
  std::uint32_t mark_;
  Sockets v4_;
  Sockets v6_;
  std::vector<std::uint8_t> packet_;
};

// The Internet checksum over a pseudo header and a UDP datagram (RFC 768); 0xffff where it came out
// as 0.
[[nodiscard]] std::uint16_t udp_checksum(const Endpoint& source, const Endpoint& destination,
                                         std::span<const std::uint8_t> datagram);

}  // namespace weir
