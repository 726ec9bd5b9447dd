#include "flow/udp/flow_table.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "flow/flow_counting.h"

namespace weir {
namespace {

// Of a DNS flow whose queries are answered.
constexpr std::chrono::seconds after_answer{1};
// Of a flow that a peer opened, until the client answers.
constexpr std::chrono::seconds unasked_idle{30};

}  // namespace

UdpFlow* FlowTable::find(const Endpoint& client, const Endpoint& destination) const {
  return flows_.find(flow_hash(client, destination), [&](const UdpFlow& flow) {
    return flow.core.flow.client == client && flow.core.flow.destination == destination;
  });
}

UdpFlow* FlowTable::find(const Known& flow) const {
  UdpFlow* found = find(flow.client, flow.destination);
  return found != nullptr && found->core.sequence == flow.sequence ? found : nullptr;
}

UdpFlow& FlowTable::insert(FlowCore core, UdpSocket& socket) {
  auto flow = std::make_unique<UdpFlow>(std::move(core));
  flow->socket = &socket;
  flow->last_activity = now_;
  flow->marks.late = is_bypassing_;
  uncounted_ += is_bypassing_ ? 1 : 0;
  ++socket.flows;
  if (flow->core.rule->upstream->profile().mapping == Mapping::per_flow) {
    socket.only = flow.get();
  }
  note_taken(flow->core);
  return insert(std::move(flow));
}

UdpFlow& FlowTable::insert(std::unique_ptr<UdpFlow> flow) {
  UdpFlow& entered = *flow;
  flows_.insert(std::move(flow));
  arm(entered);
  return entered;
}

std::unique_ptr<UdpFlow> FlowTable::extract(UdpFlow& flow) {
  flow.disarm(timers_);
  uncounted_ -= flow.marks.late ? 1 : 0;
  note_left(flow.core);
  return flows_.extract(flow);
}

Instant FlowTable::due(const UdpFlow& flow) {
  const Timeouts& timeouts = flow.core.snapshot->configuration().timeouts;
  if (flow.marks.unasked) {
    return flow.last_activity + std::min<Milliseconds>(unasked_idle, timeouts.udp_idle);
  }
  if (!flow.is_dns()) {
    return flow.last_activity + timeouts.udp_idle;
  }
  return flow.last_activity + (flow.answered != 0
                                   ? std::min<Milliseconds>(after_answer, timeouts.dns_idle)
                                   : timeouts.dns_idle);
}

}  // namespace weir
