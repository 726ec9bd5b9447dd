// UDP flows on their way from one process to the next.
//
// A flow is its socket and what is known of it. The socket is handed over open, so the server sees
// the same source as before and what it sends meanwhile waits in the kernel; so do the client's
// datagrams, in the listener. What this process has read already it sends before it hands over. A
// relay goes along with the connection that it lives by. Reply sockets do not: the successor makes
// those that it needs.
//
// What cannot be handed over ends as `drained`: flows whose relay is still being opened (what waits
// for it is counted), and those in a format that has no name.
//
// One per worker, in its UdpPath; its thread. It adopts before the worker is started, so that
// nothing of this races with a datagram.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "account/reason.h"
#include "flow/admission.h"
#include "flow/clients.h"
#include "flow/flow_intake.h"
#include "flow/loop_guard.h"
#include "flow/udp/flow_table.h"
#include "flow/udp/lingering.h"
#include "flow/udp/mappings.h"
#include "flow/udp/peer_flows.h"
#include "flow/udp/relays.h"
#include "flow/udp/server_sockets.h"
#include "flow/udp/udp_flow.h"
#include "takeover/worker_state.h"

namespace weir {

class Transfer {
 public:
  struct Parts {
    FlowTable& flows;
    FlowIntake& intake;
    Clients& clients;
    Reasons& reasons;
    Admission& admission;
    LoopGuard& loop_guard;
    ServerSockets& sockets;
    Mappings& mappings;
    Relays& relays;
    PeerFlows& peers;
    Lingering& lingering;
    UdpOwner& owner;
    std::uint16_t worker;
  };
  explicit Transfer(const Parts& parts) : parts_(parts) {}

  // Everything about flows and sockets that live. REQUIRES: nothing is queued.
  void hand_over(WorkerState& out) const;
  [[nodiscard]] static bool can_be_handed(const UdpSocket& socket);
  // Goes on with another process's. `snapshot`: Snapshot::Maker::for_inherited of the worker's
  // bindings.
  void adopt(InheritedWorker from, const SnapshotRef& snapshot);

 private:
  UdpSocket* adopt_socket(const takeover::SocketPart& part, const RuleEntry& rule,
                          const SnapshotRef& snapshot, Descriptor socket, Descriptor control);
  UdpFlow* adopt_flow(const takeover::FlowPart& part, UdpSocket& socket, FlowCore core);

  Parts parts_;
};

}  // namespace weir
