// A UDP flow whose server is gone goes to another one, where nothing is lost by it: with a question
// that had no answer yet, after an ICMP error; and before a question on a DNS flow that rested,
// when its server gets no flows any more.
#include <utility>

#include "gateway/udp_flows.h"

namespace weir {

// What may have to be sent again. Every other datagram passes without being looked at.
void UdpFlows::keep_question(const UdpFlow& flow, const InterceptedDatagram& datagram) {
  const bool is_question = flow.packets_up == 0 || flow.answered != 0;
  if (is_question && flow.core.server && flow.socket->is_connected() && datagram.segment == 0) {
    kept_questions_.keep(flow.core.sequence, flow.packets_down, datagram.payload);
  }
}

// Whether a DNS flow's next question had better begin another flow: its server gets none any more.
// What one that is drained has been asked, it may still answer.
bool UdpFlows::is_left_behind(const UdpFlow& flow) const {
  if (flow.core.flow.destination.port != dns_port || !flow.core.server) {
    return false;
  }
  const ServerHealth& health = flow.core.server->health;
  switch (health.standing(health.was_ejected() ? services_.poll().now() : Instant{})) {
    case ServerHealth::Standing::open:
    case ServerHealth::Standing::on_trial:
      return false;
    case ServerHealth::Standing::ejected:
    case ServerHealth::Standing::closed:
      break;
  }
  return flow.answered != 0 || health.wish() != ServerHealth::Wish::drain;
}

// REQUIRES: the flow is left behind. False: it was not its time to end after all.
bool UdpFlows::end_left_behind(const Endpoint& client, const Endpoint& destination) {
  flush_to_servers();  // what this batch holds for it leaves first, and may end it
  UdpFlow* flow = find(client, destination);
  if (flow == nullptr) {
    return true;
  }
  if (!is_left_behind(*flow)) {
    return false;
  }
  end(*flow, flow->answered != 0 ? End::closed : End::idle, {});
  return true;
}

// After an ICMP error. False: the flow stays where it is.
bool UdpFlows::ask_another(UdpFlow& flow) {
  FlowCore& core = flow.core;
  auto* question = core.server && flow.socket->is_connected()
                       ? kept_questions_.find(core.sequence, flow.packets_down)
                       : nullptr;
  if (question == nullptr) {
    return false;
  }
  const auto not_again = [&](const std::shared_ptr<Server>& server) {
    question->tried.emplace_back(std::shared_ptr<Server>(), server.get());
  };
  not_again(core.server);
  while (core.attempts < core.rule->upstream->profile().attempts) {
    const Route route = core.rule->upstream->route(core.flow, question->tried);
    if (route.verdict != Route::Verdict::dial || !route.server ||
        route.carrier == Route::Carrier::relay || !services_.admission().take_udp_socket()) {
      return false;
    }
    ++core.attempts;
    Outbound out = open_udp_connected(core.flow, route, core.snapshot->bypass());
    auto fresh = std::make_unique<UdpSocket>(*this);
    if (out.socket.valid() && services_.poll().add_input(out.socket.get(), *fresh)) {
      services_.reasons().add(Reason::retried);
      move(flow, route, std::move(fresh), out);
      if (flow.packets_up != 0) {  // the record counts what the client has sent
        flow.packets_up -= 1;
        flow.bytes_up -= question->payload.size();
      }
      send_up(flow, question->payload, 0);
      flush_to_servers();
      return true;
    }
    services_.admission().give_back_udp_socket();
    route.server->note_failure(services_.poll().now(), out.error);
    not_again(route.server);
  }
  return false;
}

// The flow leaves its socket and server for others.
void UdpFlows::move(UdpFlow& flow, const Route& route, std::unique_ptr<UdpSocket> fresh,
                    Outbound& out) {
  FlowCore& core = flow.core;
  core.server->flows_active.fetch_sub(1, std::memory_order_relaxed);
  --flow.socket->flows;
  release(*flow.socket);
  core.server = route.server;
  core.remote = route.remote;
  core.server->flows_total.fetch_add(1, std::memory_order_relaxed);
  core.server->flows_active.fetch_add(1, std::memory_order_relaxed);
  flow.socket = adopt(std::move(fresh), out, core);
  flow.socket->unwrapped = UdpSocket::codecs_of(route);
  flow.socket->flows = 1;
  flow.socket->only_flow = &flow;
  flow.wrapping.reset();
  if (!route.wrappings.empty()) {
    wrap(flow, route.wrappings);
  }
}

}  // namespace weir
