#include "flow/udp/failover.h"

#include <memory>
#include <utility>

#include "flow/flow_counting.h"

namespace weir {

void Failover::keep(const UdpFlow& flow, const InterceptedDatagram& datagram) {
  const bool is_question = flow.traffic.packets_up == 0 || flow.answered != 0;
  if (is_question && flow.core.server && flow.socket->is_connected() && datagram.segment == 0) {
    kept_.keep(flow.core.sequence, flow.traffic.packets_down, datagram.payload);
  }
}

bool Failover::is_left_behind(const UdpFlow& flow) const {
  if (!flow.is_dns() || !flow.core.server) {
    return false;
  }
  const ServerHealth& health = flow.core.server->health;
  switch (health.availability(health.was_ejected() ? parts_.now : Instant{})) {
    case ServerHealth::Availability::available:
    case ServerHealth::Availability::half_open:
      return false;
    case ServerHealth::Availability::ejected:
    case ServerHealth::Availability::unavailable:
      break;
  }
  return flow.answered != 0 || health.admin_state() != ServerHealth::AdminState::drain;
}

bool Failover::ask_another(UdpFlow& flow) {
  FlowCore& core = flow.core;
  auto* query = core.server && flow.socket->is_connected()
                    ? kept_.find(core.sequence, flow.traffic.packets_down)
                    : nullptr;
  if (query == nullptr) {
    return false;
  }
  const auto exclude = [&](const std::shared_ptr<Server>& server) {
    query->tried.emplace_back(std::shared_ptr<Server>(), server.get());
  };
  exclude(core.server);
  while (core.attempts < core.rule->upstream->profile().attempts) {
    Route route = core.rule->upstream->route(core.flow, query->tried);
    if (route.verdict != Route::Verdict::dial || !route.server ||
        route.transport == Route::Transport::udp_associate ||
        parts_.egress.choose(core.flow, route) != 0) {
      return false;
    }
    const auto opened = parts_.sockets.instead(core, route);
    if (opened.is_full) {
      return false;
    }
    ++core.attempts;
    if (opened.socket != nullptr) {
      parts_.reasons.add(Reason::retried);
      move(flow, route, *opened.socket);
      if (flow.traffic.packets_up != 0) {  // the record counts what the client has sent
        flow.traffic.packets_up -= 1;
        flow.traffic.bytes_up -= query->payload.size();
      }
      parts_.sender.send(flow, query->payload, 0, 0);
      parts_.sender.flush();
      return true;
    }
    route.server->note_failure(parts_.now, opened.error);
    exclude(route.server);
  }
  return false;
}

// The flow leaves its socket and server for others.
void Failover::move(UdpFlow& flow, const Route& route, UdpSocket& fresh) {
  FlowCore& core = flow.core;
  note_left(core);
  --flow.socket->flows;
  parts_.sockets.release(*flow.socket);
  follow_route(core, route);
  note_taken(core);
  fresh.hold_for(core);
  flow.socket = &fresh;
  fresh.flows = 1;
  fresh.only = &flow;
  flow.encapsulation.reset();
  if (!route.layers.empty()) {
    parts_.encapsulation.wrap(flow, route.layers);
  }
}

}  // namespace weir
