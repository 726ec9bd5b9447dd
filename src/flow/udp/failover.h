// A UDP flow whose server is gone goes to another one, where nothing is lost by it: with a query
// that had no answer yet, after an ICMP error; and before a query on a DNS flow that was quiet,
// when its server gets no flows any more.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include "account/reason.h"
#include "flow/egress_choice.h"
#include "flow/udp/encapsulation.h"
#include "flow/udp/replay_buffer.h"
#include "flow/udp/sender.h"
#include "flow/udp/server_sockets.h"
#include "flow/udp/udp_flow.h"
#include "intercept/udp_listener.h"

namespace weir {

class Failover {
 public:
  struct Parts {
    EgressChoice& egress;
    Reasons& reasons;
    ServerSockets& sockets;
    const Encapsulation& encapsulation;
    Sender& sender;
    const Instant& now;
  };
  explicit Failover(const Parts& parts) : parts_(parts) {}

  // What may have to be sent again. Every other datagram passes without being looked at.
  void keep(const UdpFlow& flow, const InterceptedDatagram& datagram);
  // Whether a DNS flow's next query had better begin another flow: its server gets none any more. A
  // drained server may still answer what it was asked.
  [[nodiscard]] bool is_left_behind(const UdpFlow& flow) const;
  // After an ICMP error: the flow goes to another server, and its query with it, which may end it.
  // False: it stays where it is.
  [[nodiscard]] bool ask_another(UdpFlow& flow);

 private:
  void move(UdpFlow& flow, const Route& route, UdpSocket& fresh);

  Parts parts_;
  ReplayBuffer kept_;
};

}  // namespace weir
