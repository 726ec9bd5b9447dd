// What stands before the payload of a flow's datagrams: a SOCKS5 relay's header, a PROXY header.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstddef>
#include <span>

#include "account/flow_id.h"
#include "base/socket_calls.h"
#include "flow/udp/udp_flow.h"
#include "weir/route.h"

namespace weir {

class Encapsulation {
 public:
  Encapsulation(const FlowIds& ids, const SocketCalls& calls) : ids_(ids), calls_(calls) {}

  // Makes what the route asks for; a flow whose first datagram has left goes on as it was.
  void wrap(UdpFlow& flow, std::span<const EncapsulationLayer> layers) const;
  // Payload bytes that fit one packet without a header.
  [[nodiscard]] std::size_t room_of(const UdpSocket& socket, const FlowCore& core) const;

 private:
  const FlowIds& ids_;
  const SocketCalls& calls_;
};

}  // namespace weir
