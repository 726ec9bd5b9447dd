// Datagrams that are larger than the path MTU. A router fragments one that may be fragmented, and
// refuses the others with an ICMP error that tells the path MTU: path MTU discovery lives by that
// (QUIC, WireGuard, tracepath), and so do IPv6 hosts, whose packets no router fragments.
//
// The kernel would fragment what we send, whatever the client had said. So the width is compared
// here, with the path MTU as the routing table knows it: of the link, or narrower where an ICMP
// error has come back for a datagram of ours. What the client has said is gone when a socket reads
// the datagram: the firewall's rules put the bypass-mark, which no other packet has that comes to
// the listener, on what may not be fragmented. Where the kernel does not tell the mark (before
// 5.19), IPv4 is fragmented.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>

#include "account/reason.h"
#include "flow/udp/icmp_replies.h"
#include "flow/udp/mappings.h"
#include "flow/udp/paths.h"
#include "flow/udp/udp_flow.h"
#include "intercept/udp_listener.h"

namespace weir {

class Widths {
 public:
  Widths(Paths& paths, const Mappings& mappings, IcmpReplies& icmp, Reasons& reasons)
      : paths_(paths), mappings_(mappings), icmp_(icmp), reasons_(reasons) {}

  // Tells the client if so; the datagram is not to be sent.
  [[nodiscard]] bool exceeds(UdpFlow& flow, const InterceptedDatagram& datagram);
  // The same for what a server answers: `size` bytes, or several datagrams of `segment` each. Only
  // IPv6, where whatever came in one packet may not be fragmented; of IPv4 a server's socket does
  // not tell.
  [[nodiscard]] bool exceeds_back(const UdpFlow& flow, const Endpoint& server, std::size_t size,
                                  std::uint16_t segment);
  // The path MTU has turned out to be smaller than a datagram, which is lost; `flow` is the one
  // that goes by it, null where that is not known. The kernel knows by now; an IPv6 client hears it
  // at once, another with the next datagram that may not be fragmented.
  void narrowed(UdpFlow* flow);

 private:
  [[nodiscard]] std::uint32_t of(const UdpFlow& flow);
  void tell(const UdpFlow& flow, std::uint32_t mtu);

  Paths& paths_;
  const Mappings& mappings_;
  IcmpReplies& icmp_;
  Reasons& reasons_;
};

}  // namespace weir
