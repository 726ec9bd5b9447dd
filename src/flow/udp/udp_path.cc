#include "flow/udp/udp_path.h"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "flow/server_news.h"
#include "flow/udp/seats.h"

namespace weir {

UdpPath::UdpPath(const Parts& parts)
    : parts_(parts),
      paths_(parts.calls, parts.now),
      icmp_(parts.mark, parts.dial.reasons, parts.calls, parts.now),
      widths_(paths_, mappings_, icmp_, parts.dial.reasons),
      encapsulation_(parts.dial.ids, parts.calls),
      flows_(parts.dial.timers, parts.now),
      sockets_({parts.dial.poll, parts.dial.timers, parts.admission, parts.dial.loop_guard,
                parts.dial.reasons, parts.dial.egress, paths_, mappings_, parts.calls, parts.now,
                *this}),
      sender_({flows_, parts.dial.reasons, paths_, widths_, parts.calls, parts.now, *this}),
      relays_({parts_.dial, parts.admission, sockets_, mappings_, paths_, encapsulation_, sender_,
               icmp_, parts.now, *this}),
      lingering_(flows_, relays_, parts.admission, parts.now, *this),
      peers_({flows_, parts.intake, parts.dial.reasons, paths_, relays_, encapsulation_, *this}),
      replier_({flows_, parts.dial.poll, parts.clients, parts.dial.reasons, parts.log, peers_,
                widths_, lingering_, parts.lookups, parts.calls, parts.now, *this},
               parts.mark),
      failover_(
          {parts.dial.egress, parts.dial.reasons, sockets_, encapsulation_, sender_, parts.now}),
      renewal_({flows_, parts.dial.egress, parts.dial.reasons, paths_, mappings_, sockets_, relays_,
                replier_, *this}),
      opening_({flows_, parts.intake, parts.records, parts.clients, parts.dial.reasons,
                parts.dial.loop_guard, sockets_, relays_, peers_, encapsulation_, sender_, icmp_,
                parts.now, *this},
               parts.port),
      arrivals_({flows_, parts.intake, opening_, widths_, failover_, renewal_, lingering_, sender_,
                 parts.dial.timers, parts.dial.reasons, parts.now, *this}),
      transfer_({flows_, parts.intake, parts.clients, parts.dial.reasons, parts.admission,
                 parts.dial.loop_guard, sockets_, mappings_, relays_, peers_, lingering_, *this,
                 parts.worker}) {}

// Sockets go first: their relays know the pool, and their mappings the row, that they are in.
UdpPath::~UdpPath() { sockets_.clear(); }

void UdpPath::on_events(UdpSocket& socket, std::uint32_t events) {
  if ((events & EPOLLERR) == 0 || socket.is_connected()) {
    replier_.receive(socket);
    return;
  }
  if (socket.relay() != nullptr) {
    if (const int code = replier_.read_relay_errors(socket); code != 0) {
      relays_.end(socket, std::string("ICMP from the relay: ") + std::strerror(code));
    } else {
      replier_.receive(socket);
    }
    return;
  }
  const bool is_held = socket.flows != 0;  // else nothing of it can end
  socket.flows += is_held ? 1 : 0;
  replier_.read_errors(socket);
  if (!is_held || leave(socket)) {
    replier_.receive(socket);
  }
}

void UdpPath::end_turn() {
  replier_.flush();
  lingering_.end_turn();
}

void UdpPath::network_changed(std::shared_ptr<const Surroundings> surroundings) {
  paths_.network_changed(std::move(surroundings));
  replier_.network_changed(paths_.surroundings());
  icmp_.reset();
}

void UdpPath::take_no_new() {
  arrivals_.waiting().take_no_new();
  opening_.take_no_new();
  peers_.take_no_new();
}

void UdpPath::begin_bypass() {
  arrivals_.waiting().go_on_all();
  flows_.begin_bypass();
}

// The server side says that nothing is there. Where no other server can be asked the client hears
// it as if there were no gateway.
void UdpPath::on_unreachable(UdpFlow& flow, int code) {
  if (flow.core.server) {
    flow.core.server->note_failure(parts_.now);
  }
  if (failover_.ask_another(flow)) {
    return;
  }
  parts_.dial.reasons.add(Reason::icmp_from_server);
  icmp_.tell_unreachable(flow.core.flow, code == ECONNREFUSED ? RawSender::Unreachable::port
                                                              : RawSender::Unreachable::host);
  // An ICMP error ends neither a mapping nor a flow that has had answers (RFC 4787, REQ-10): any
  // host that knows the ports can send one.
  if (flow.traffic.packets_down == 0) {
    flow.socket->marks.is_parked = flow.socket->marks.is_mapping;
    end(flow, End::connect_failed, std::string("ICMP: ") + std::strerror(code));
  }
}

void UdpPath::on_no_route(UdpFlow& flow, int code) {
  icmp_.tell_no_route(flow.core.flow, code);
  // A flow that has had answers goes on from its port as soon as there is a route again.
  if (flow.traffic.packets_down == 0) {
    end(flow, End::no_route, std::string("send: ") + std::strerror(code));
  }
}

void UdpPath::on_deadline(UdpFlow& flow, Instant now) {
  if (now < FlowTable::due(flow)) {
    flows_.arm(flow);
    return;
  }
  // What is no query need not be answered, though it goes to port 53.
  const bool unanswered =
      flow.is_to_dns_port() ? flow.is_dns() && flow.marks.waiting : flow.traffic.packets_down == 0;
  if (unanswered) {
    const bool relayed = flow.socket->relay() != nullptr;
    note_silent_end(flow.core, relayed ? Reached::through_relay : Reached::directly,
                    flow.last_activity, now);
  }
  end(flow, flow.answered != 0 ? End::closed : End::idle, {});
}

std::uint64_t UdpPath::scan(std::uint64_t at, std::size_t max, const Visit& visit) const {
  return flows_.scan(at, max, [&](UdpFlow& flow) {
    visit({flow.core, flow.traffic.bytes(), [&]() { return record(flow); }});
  });
}

FlowRecord UdpPath::record(const UdpFlow& flow) const {
  const UdpRelay* relay = flow.socket->relay();
  FlowRecord out =
      parts_.records.describe(flow.core, relay != nullptr ? relay->peer().path : std::string());
  if (flow.encapsulation) {
    out.connect_us = flow.encapsulation->connect_us;
    out.handshake_us = flow.encapsulation->handshake_us;
  }
  static_cast<Traffic&>(out) = flow.traffic;
  return out;
}

void UdpPath::end(UdpFlow& flow, End why, std::string_view error) {
  replier_.flush();  // answers of this turn are the flow's still
  if (why != End::closed) {
    Relays::withdraw(*flow.socket);  // no other flow is to have what this one ended by
  }
  if (flow.marks.unasked) {  // strangers must not fill the log
    parts_.dial.reasons.add(Reason::peer_unanswered);
  } else {
    parts_.records.write(flow.core, record(flow), why, error);
  }
  take_out(flow);
}

// The flow is over, and nothing of it is counted any more. Destroys it, and its socket with it
// unless that serves others, is to stay or is held.
void UdpPath::take_out(UdpFlow& flow) {
  UdpSocket& socket = *flow.socket;
  lingering_.forget(flow);
  if (flow.marks.unasked) {
    peers_.forget(flow);
  } else {
    leave_seat(parts_.clients, flow);
    parts_.intake.closed(flow.core);
  }
  sender_.forget(flow);
  relays_.leave(flow);
  const std::unique_ptr<UdpFlow> ended = flows_.extract(flow);  // the socket still refers to it
  static_cast<void>(leave(socket));
}

// One flow less. False: the socket is gone with it.
bool UdpPath::leave(UdpSocket& socket) {
  const bool stays = --socket.flows != 0 ||
                     (socket.relay() != nullptr ? relays_.park(socket) : sockets_.park(socket));
  if (!stays) {
    sockets_.release(socket);
  }
  return stays;
}

bool UdpPath::end(std::uint64_t sequence, End why) {
  UdpFlow* found = nullptr;
  flows_.each([&](UdpFlow& flow) { found = flow.core.sequence == sequence ? &flow : found; });
  if (found != nullptr) {
    end(*found, why, {});
  }
  return found != nullptr;
}

bool UdpPath::end(const FlowTable::Known& known, End why) {
  UdpFlow* found = flows_.find(known);
  if (found != nullptr) {
    end(*found, why, {});
  }
  return found != nullptr;
}

void UdpPath::end_all(End why) {
  arrivals_.waiting().drop_all();
  std::vector<UdpFlow*> all;
  all.reserve(flows_.size());
  flows_.each([&](UdpFlow& flow) { all.push_back(&flow); });
  for (UdpFlow* flow : all) {
    end(*flow, why, {});
  }
  relays_.release_parked();
}

void UdpPath::hand_over(WorkerState& out) {
  arrivals_.waiting().go_on_all();
  sender_.flush();
  end_turn();
  transfer_.hand_over(out);
}

void UdpPath::let_go() {
  arrivals_.waiting().drop_all();
  std::vector<UdpFlow*> handed;
  std::vector<UdpFlow*> left;
  flows_.each([&](UdpFlow& flow) {
    (Transfer::can_be_handed(*flow.socket) ? handed : left).push_back(&flow);
  });
  for (UdpFlow* flow : left) {
    if (const UdpRelay* relay = flow->socket->relay()) {
      parts_.dial.reasons.add(Reason::draining, relay->waiting.count_of(*flow));
    }
    end(*flow, End::drained, "its relay was not open when another process took over");
  }
  // Closing would not do: the successor holds the sockets, too, so they would wake us for nothing.
  for (const auto& socket : sockets_.all()) {
    parts_.dial.poll.remove(socket->watch, socket->descriptor.get());
    if (UdpRelay* relay = socket->relay()) {
      relay->stop_watching();
      Relays::withdraw(*socket);  // it is the successor's
    }
  }
  for (UdpFlow* flow : handed) {
    take_out(*flow);
  }
  replier_.close();
}

}  // namespace weir
