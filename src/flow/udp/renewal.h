// UDP flows outlive what their sockets are bound to: an interface is made anew (ppp, wg, tun) and
// has another number; the provider gives another prefix; the default route goes by another line.
// The kernel keeps the socket as it was, and what it sends is lost, or leaves with a source that
// answers do not come back to.
//
// To open every socket anew with every change would give each client another external port for
// nothing, which RFC 4787 forbids for good reason. So a socket is looked at with its next datagram
// after a change, and stays if it would be bound to the same today. Mappings are bound to no
// address of the router and follow the routes by themselves; what is left is the interface. A
// socket that is replaced keeps its port where it can.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include "account/reason.h"
#include "flow/egress_choice.h"
#include "flow/udp/flow_table.h"
#include "flow/udp/mappings.h"
#include "flow/udp/paths.h"
#include "flow/udp/relays.h"
#include "flow/udp/replier.h"
#include "flow/udp/server_sockets.h"
#include "flow/udp/udp_flow.h"

namespace weir {

class Renewal {
 public:
  struct Parts {
    const FlowTable& flows;
    EgressChoice& egress;
    Reasons& reasons;
    Paths& paths;
    const Mappings& mappings;
    ServerSockets& sockets;
    Relays& relays;
    Replier& replier;
    UdpOwner& owner;
  };
  explicit Renewal(const Parts& parts) : parts_(parts) {}

  [[nodiscard]] bool is_due(const UdpFlow& flow) const {
    return flow.socket->marks.looked_at != parts_.paths.state();
  }
  // Looks at the flow's socket. False: the flow is over, and another one has to be opened.
  // REQUIRES: is_due().
  [[nodiscard]] bool check(UdpFlow& flow);

 private:
  [[nodiscard]] bool check_relay(UdpSocket& socket);
  [[nodiscard]] bool is_stale(const UdpSocket& socket, const Flow& flow, const Route& route);
  void note_source(UdpFlow& flow, const Route& route);

  Parts parts_;
};

}  // namespace weir
