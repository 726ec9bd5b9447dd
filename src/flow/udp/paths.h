// What is known of the router's paths: which of its addresses datagrams to a destination leave
// from, the path MTU, and in which state the network is by now.
//
// A socket that may send to any peer is bound to no address and has no path, so both are asked of
// the routing table by a connected socket, once for each destination and ten seconds.
//
// UDP flows outlive what their sockets are bound to. Sockets are looked at with their next datagram
// after a change of the network (Renewal); the state of the network that a socket was looked at in
// is a count that comes round, which misses a change only where a flow rests for just so many.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/socket_calls.h"
#include "base/surroundings.h"
#include "base/token_bucket.h"
#include "flow/udp/source_addresses.h"
#include "flow/udp/udp_flow.h"
#include "weir/flow.h"
#include "weir/route.h"

namespace weir {

class Paths {
 public:
  Paths(const SocketCalls& calls, const Instant& now) : calls_(calls), now_(now) {}

  // Valid until the next call of this class.
  const SourceAddresses::Path& to(const Flow& flow, const Route& route, Mark bypass);
  // The routing table says something else now.
  void forget() { known_.clear(); }

  // Addresses, routes or links changed.
  void network_changed(std::shared_ptr<const Surroundings> surroundings);
  // Null: not known yet.
  [[nodiscard]] const Surroundings* surroundings() const { return surroundings_.get(); }
  [[nodiscard]] std::uint8_t state() const { return state_; }
  // Whether a socket that is bound there would be bound to something else today: its address is
  // gone, or its interface is.
  [[nodiscard]] bool has_lost_source(const Endpoint& local, const Endpoint& client) const;
  [[nodiscard]] bool has_lost_interface(int fd, const SocketOptions& options) const;
  // After an error that says that what the socket is bound to may be gone: it is looked at again.
  void doubt(UdpSocket& socket);

 private:
  const SocketCalls& calls_;
  const Instant& now_;
  SourceAddresses known_;
  std::shared_ptr<const Surroundings> surroundings_;
  std::uint8_t state_ = 0;
  TokenBucket doubts_{16, 16};
};

}  // namespace weir
