// A UDP flow among those of its client, in the list of those that were answered or the other one. A
// flow that a peer opened has no seat until the client answers. No state; the worker's thread.
#pragma once

#include "flow/clients.h"
#include "flow/udp/udp_flow.h"

namespace weir {

// The client is known by the flow's core since it was admitted.
inline void take_seat(Clients& clients, UdpFlow& flow) {
  clients.add(flow.core.client, flow, flow.kind());
}

inline void leave_seat(Clients& clients, UdpFlow& flow) {
  clients.remove(flow.core.client, flow, flow.kind());
}

// Its server has answered.
inline void note_heard(Clients& clients, UdpFlow& flow) {
  if (flow.marks.unasked) {
    flow.marks.heard = true;
    return;
  }
  leave_seat(clients, flow);
  flow.marks.heard = true;
  take_seat(clients, flow);
}

}  // namespace weir
