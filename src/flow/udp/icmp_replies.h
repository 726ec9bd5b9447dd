// The ICMP errors that clients get, as if there were no gateway: nothing is there, nothing leads
// there, or the datagram is larger than the path MTU.
//
// So many in a second: a flood of datagrams that no server takes must not become one of errors,
// towards the hosts that its sources belong to.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>

#include "account/reason.h"
#include "base/socket_calls.h"
#include "base/token_bucket.h"
#include "relay/raw_sender.h"
#include "weir/flow.h"

namespace weir {

class IcmpReplies {
 public:
  IcmpReplies(std::uint32_t mark, Reasons& reasons, const SocketCalls& calls, const Instant& now)
      : raw_(mark, calls), reasons_(reasons), now_(now) {}

  void tell_unreachable(const Flow& flow, RawSender::Unreachable what);
  // What plain routing would say to an errno of the router's own. A blackhole says nothing.
  void tell_no_route(const Flow& flow, int code);
  // `to` sent a datagram to `destination` by a path with that MTU.
  void tell_too_big(const Endpoint& to, const Endpoint& destination, std::uint32_t mtu);

  // The network changed: what is open may be bound to what is gone.
  void reset() { raw_.reset(); }

 private:
  [[nodiscard]] bool may_send();

  RawSender raw_;
  Reasons& reasons_;
  const Instant& now_;
  TokenBucket bucket_{1'000, 1'000};
};

}  // namespace weir
