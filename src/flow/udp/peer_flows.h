// Flows that a peer opens: endpoint-independent filtering (RFC 4787, section 5) lets any host that
// sends to a mapping reach the client, from the peer's own address.
//
// Any host that knows the client's external port can do that, with addresses that are made up. So
// until the client answers such a flow is the stranger's: it takes no part in the client's limits,
// each mapping has few of them, the oldest gives way, it lasts for seconds and leaves no record.
//
// And what comes in a stranger's name goes out to the client in that name. So it may not be one
// that the client trusts for where it is: the router's own, or that of a host on this side of the
// gateway, which would have written to the client directly.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>
#include <vector>

#include "account/reason.h"
#include "flow/flow_intake.h"
#include "flow/udp/encapsulation.h"
#include "flow/udp/flow_table.h"
#include "flow/udp/paths.h"
#include "flow/udp/relays.h"
#include "flow/udp/udp_flow.h"

namespace weir {

class PeerFlows {
 public:
  struct Parts {
    FlowTable& flows;
    FlowIntake& intake;
    Reasons& reasons;
    Paths& paths;
    Relays& relays;
    const Encapsulation& encapsulation;
    UdpOwner& owner;
  };
  explicit PeerFlows(const Parts& parts) : parts_(parts) {}

  // A flow of what `peer` has sent to the socket. Null: it may have none, which is counted.
  UdpFlow* open(UdpSocket& socket, const Endpoint& peer);
  // Takes over one of another process, which the client has not answered either.
  void adopt(UdpFlow& flow);
  // It is the client's own now, or is about to go.
  void forget(UdpFlow& flow);

  // By which link a client came in.
  void note_client_side(std::uint32_t interface);
  // No flow opens any more.
  void take_no_new() { takes_new_ = false; }

 private:
  [[nodiscard]] bool may_be_heard_from(const UdpSocket& socket, const Address& peer) const;
  [[nodiscard]] bool make_room(UdpSocket& socket);

  Parts parts_;
  std::vector<std::uint32_t> client_sides_;  // interfaces that flows came in by
  std::size_t count_ = 0;
  bool takes_new_ = true;
};

}  // namespace weir
