// The fields that a UDP flow and its description for a successor have in common: one list for both
// directions. `copy(of the description, of the flow)` is called for each.
//
// No state; any thread.
#pragma once

#include <concepts>
#include <type_traits>

#include "flow/flow_core.h"
#include "flow/udp/udp_flow.h"
#include "takeover/messages.h"

namespace weir {

template <typename Part, typename Core, typename Copy>
requires std::same_as<std::remove_const_t<Core>, FlowCore>
void each_shared_field(Part& part, Core& core, Copy copy) {
  copy(part.number, core.sequence);
  copy(part.client, core.flow.client);
  copy(part.destination, core.flow.destination);
  copy(part.interface, core.flow.interface);
  copy(part.remote, core.remote);
  copy(part.source, core.source);
  copy(part.generation, core.generation);
  copy(part.attempts, core.attempts);
  copy(part.opened, core.opened);
  copy(part.first_byte_us, core.first_byte_us);
}

template <typename Part, typename Flow, typename Copy>
requires std::same_as<std::remove_const_t<Flow>, UdpFlow>
void each_shared_field(Part& part, Flow& flow, Copy copy) {
  copy(part.last_activity, flow.last_activity);
  copy(part.traffic, flow.traffic);
}

}  // namespace weir
