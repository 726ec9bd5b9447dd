// How a UDP flow opens with a client's datagram: by the rules, past the limits, with a mapping, a
// socket of its own or a relay.
//
// Where a limit is reached another flow may give way. A client at its own limit goes on with its
// new flow and loses the one that it has not used for longest. Where all flows are taken, one that
// costs least to lose goes, of the client that has most: one that never had an answer, else one
// that has been idle for longer than NAT gateways have to remember (RFC 4787, REQ-5). TCP flows do
// not give way: they would end with a reset.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <string>
#include <string_view>

#include "account/reason.h"
#include "account/record.h"
#include "flow/admission.h"
#include "flow/clients.h"
#include "flow/flow_intake.h"
#include "flow/flow_records.h"
#include "flow/loop_guard.h"
#include "flow/refusals.h"
#include "flow/udp/encapsulation.h"
#include "flow/udp/flow_table.h"
#include "flow/udp/icmp_replies.h"
#include "flow/udp/peer_flows.h"
#include "flow/udp/relays.h"
#include "flow/udp/sender.h"
#include "flow/udp/server_sockets.h"
#include "flow/udp/udp_flow.h"
#include "intercept/udp_listener.h"
#include "weir/host.h"

namespace weir {

class FlowOpening {
 public:
  struct Parts {
    FlowTable& flows;
    FlowIntake& intake;
    FlowRecords& records;
    Clients& clients;
    Reasons& reasons;
    const LoopGuard& loop_guard;
    ServerSockets& sockets;
    Relays& relays;
    PeerFlows& peers;
    const Encapsulation& encapsulation;
    Sender& sender;
    IcmpReplies& icmp;
    const Instant& now;
    UdpOwner& owner;
  };
  // `port`: weir's own, which no flow may be going to on this machine.
  FlowOpening(const Parts& parts, Port port) : parts_(parts), port_(port) {}

  // The flow of a client that has none to that destination, and means that host; null: none is
  // known. Null: it gets none, which is counted.
  UdpFlow* open(const InterceptedDatagram& datagram, const HostRef& host);
  // The client answers a flow that a peer opened: from now on it is the client's own. False: its
  // limits do not allow for one more.
  [[nodiscard]] bool admit_answered(UdpFlow& flow);
  // No flow opens any more.
  void take_no_new() { takes_new_ = false; }

 private:
  [[nodiscard]] bool is_dialled(const FlowCore& core, const Route& route);
  [[nodiscard]] Admission::Verdict admit(FlowCore& core);
  [[nodiscard]] UdpFlow* flow_to_evict(const FlowCore& core, Admission::Verdict verdict);
  UdpSocket* socket_for(FlowCore& core, Route& route);
  // `path`: to the server that was tried, where that is a chain of them.
  void refuse(const FlowCore& core, End end, Reason reason, std::string_view error,
              std::string_view path = {});
  void refuse_socket(const FlowCore& core, int code, const char* step);

  Parts parts_;
  Port port_;
  Refusals refusals_;
  bool takes_new_ = true;
};

}  // namespace weir
