#include "flow/udp/relays.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "dial/outbound.h"
#include "flow/dial_failure.h"
#include "flow/flow_tallies.h"

namespace weir {
namespace {

// Idle ones, which the server keeps open for us.
constexpr std::size_t most_resting = 64;
// How long questions may leave the server from the same port.
constexpr std::chrono::minutes longest_service{1};

bool is_of_client(const Source& source) {
  return source.kind == SourceKind::client || source.kind == SourceKind::client_port;
}

bool leads_to(const Route& route, const Endpoint& server) {
  return route.remote == server ||
         (route.remote.port == server.port &&
          std::find(route.more.begin(), route.more.end(), server.address) != route.more.end());
}

// Null: no other flow may go on with it.
UdpRelay::Lending* lending_of(const UdpSocket& socket) {
  return socket.relay() != nullptr ? socket.relay()->lending.get() : nullptr;
}

// Answers can be told apart only while all of it is DNS, and no more than is kept.
bool keeps_track(const UdpRelay::Lending& lending) {
  return !lending.questions.is_foreign() && !lending.questions.is_track_lost();
}

// Nothing where a relay on this route is for this flow alone.
std::optional<SpareRelays::Kind> kind_of(const FlowCore& core, const Route& route) {
  // A second wrapping is a PROXY header.
  if (core.flow.destination.port != dns_port || is_of_client(route.source) ||
      route.wrappings.size() != 1 ||
      core.rule->upstream->profile().mapping == Mapping::per_client) {
    return std::nullopt;
  }
  return SpareRelays::Kind{.upstream = core.rule->upstream.get(),
                           .options = route.options,
                           .server = route.server.get(),
                           .dialled = route.dialled.get(),
                           .generation = core.generation,
                           .target = route.wrappings.front().target};
}

}  // namespace

Relays::Opened Relays::open(FlowCore& core, Route& route) {
  const bool shared = core.rule->upstream->profile().mapping == Mapping::per_client;
  UdpSocket* open =
      shared ? parts_.mappings.find(core.flow.client, *core.rule->upstream, Way{}) : nullptr;
  if (open != nullptr) {
    learn(core, *open);
    return {.socket = open};
  }
  if (UdpSocket* spare = take_spare(core, route); spare != nullptr) {
    return {.socket = spare};
  }
  follow_route(core, route);
  const auto reserved = parts_.sockets.reserve(core);
  if (reserved.socket == nullptr) {
    return {.error = reserved.error, .step = reserved.step};
  }
  UdpSocket& socket = *reserved.socket;
  UdpRelay::Owner& owner = *this;
  socket.extras().relay = std::make_unique<UdpRelay>(owner, parts_.dial, socket, core);
  // The route goes into the dial; its wrappings are still to be read.
  Route first = std::move(route);
  route = Route();
  route.wrappings = first.wrappings;
  socket.unwrap_like(route);
  const auto outcome = socket.relay()->start(std::move(first));
  if (outcome != TcpDial::Outcome::connecting) {
    note_member(socket);
    learn(core, socket);
    Opened out{.outcome = outcome,
               .words = socket.relay()->dial().error(),
               .path = socket.relay()->way().path};
    parts_.sockets.release(socket);
    return out;
  }
  if (shared) {
    parts_.mappings.share(socket);
  }
  return {.socket = &socket};
}

bool Relays::adopt(UdpSocket& socket, UdpRelay::Inherited from) {
  UdpRelay::Owner& owner = *this;
  socket.extras().relay = std::make_unique<UdpRelay>(owner, parts_.dial, socket);
  return socket.relay()->adopt(std::move(from));
}

void Relays::join(UdpFlow& flow) {
  flow.socket->relay()->flows.push_back(&flow);
  note_asked(flow);
}

void Relays::leave(UdpFlow& flow) {
  if (UdpRelay* relay = flow.socket->relay()) {
    relay->waiting.forget(flow);
    std::erase(relay->flows, &flow);
  }
  if (flow.marks.asks_here) {
    parts_.dial.passing.withdraw_datagrams(flow.core.flow.destination);
  }
}

void Relays::learn(FlowCore& core, const UdpSocket& socket) {
  const UdpRelay& relay = *socket.relay();
  const UdpRelay::Way way = relay.way();
  core.attempts = static_cast<std::uint16_t>(way.attempts);
  core.server = way.server;
  core.remote = way.remote;
  core.rule = &taken_by(*core.snapshot, *core.rule, socket.holder.rule->taken_by);
  if (socket.descriptor.valid()) {
    core.source = socket.local;
    if (core.source.address.is_unspecified()) {  // routing picks the same one for both
      core.source.address = relay.connection().own.local.address;
    }
  }
}

// Of a group, the member that the latest attempt went by. REQUIRES: it is dialling.
void Relays::note_member(UdpSocket& socket) {
  const Upstream* member = socket.relay()->dial().route().member;
  socket.holder.rule = &taken_by(*socket.holder.snapshot, *socket.holder.rule, member);
}

// The same for a flow that a server counts already: a later attempt may have led to another one.
void Relays::follow(UdpFlow& flow) {
  note_left(flow.core);
  learn(flow.core, *flow.socket);
  note_inherited(flow.core);
  note_asked(flow);
}

// A relay on this router will send the flow's datagrams, and they will come back to us.
void Relays::note_asked(UdpFlow& flow) {
  if (!flow.marks.asks_here) {
    flow.marks.asks_here = parts_.dial.passing.ask_datagrams(
        flow.core.remote, flow.core.flow.destination, *parts_.dial.in_use.snapshot);
  }
}

void Relays::on_relay_open(UdpSocket& socket) {
  UdpRelay& relay = *socket.relay();
  const TcpDial& dial = relay.dial();
  // The socket as the route wants it, in the family of the connection.
  Route way;
  way.remote = relay.connection().endpoint;
  way.source = dial.route().source;
  way.options = dial.route().options;
  const Flow flow{.protocol = Protocol::udp,
                  .client = socket.holder.client,
                  .destination = relay.connection().endpoint,
                  .interface = 0};
  if (const auto opened = parts_.sockets.attach(socket, flow, way); opened.socket == nullptr) {
    on_relay_failed(socket, TcpDial::Outcome::failed,
                    std::string("the socket to the relay: ") + std::strerror(opened.error));
    return;
  }
  socket.note_way(dial.route());
  note_member(socket);
  socket.generation = relay.flows.front()->core.generation;
  parts_.dial.loop_guard.opened(socket.own());
  for (UdpFlow* one : relay.flows) {
    follow(*one);
    if (one == socket.only_flow()) {  // a later attempt may lead elsewhere
      parts_.encapsulation.wrap(*one, dial.route().wrappings);
    } else {
      one->wrapping->room = parts_.encapsulation.room_of(socket, one->core);
    }
    one->wrapping->connect_us = since_opened(one->core, dial.connected_at());
    one->wrapping->handshake_us = since_opened(one->core, parts_.now);
    note_latency(one->core, Latency::connect, one->wrapping->connect_us);
    note_latency(one->core, Latency::handshake, one->wrapping->handshake_us);
  }
  learn_kind(socket, dial.route());
  relay.finish_dialling();
  const auto waiting = relay.waiting.take();
  for (const WaitingDatagrams::Datagram& datagram : waiting) {
    parts_.sender.send(
        *datagram.flow,
        {reinterpret_cast<const std::uint8_t*>(datagram.payload.data()), datagram.payload.size()},
        datagram.segment, datagram.tos);
  }
  parts_.sender.flush();
}

void Relays::on_relay_failed(UdpSocket& socket, TcpDial::Outcome outcome,
                             const std::string& error) {
  const DialFailure failure = failure_of(outcome);
  parts_.dial.reasons.add(failure.reason);
  note_member(socket);
  const auto flows = socket.relay()->flows;  // ending one takes it out
  for (UdpFlow* flow : flows) {
    follow(*flow);
    parts_.icmp.tell_unreachable(flow->core.flow, RawSender::Unreachable::port);
    parts_.owner.end(*flow, failure.end, error);
  }
}

void Relays::on_relay_ended(UdpSocket& socket, const std::string& error) {
  const auto flows = socket.relay()->flows;
  if (flows.empty()) {  // it was spare
    parts_.sockets.release(socket);
  }
  for (UdpFlow* flow : flows) {
    parts_.owner.end(*flow, End::server_reset, error);
  }
}

UdpSocket* Relays::take_spare(FlowCore& core, const Route& route) {
  const auto kind = kind_of(core, route);
  if (!kind || spare_.find(*kind) == nullptr) {
    return nullptr;
  }
  if (route.server && route.server->health.was_ejected()) {
    return nullptr;  // whether it takes new connections is the question
  }
  // What this batch holds for the relay's present flow leaves first: that flow may need the relay
  // after all.
  parts_.sender.flush();
  while (SpareRelays::Member* found = spare_.find(*kind)) {
    auto& lending = static_cast<UdpRelay::Lending&>(*found);
    UdpRelay& relay = lending.relay;
    UdpSocket& socket = relay.socket;
    const bool has_moved = !leads_to(route, relay.way().remote);
    if (has_moved || parts_.now >= lending.until || is_stale(socket)) {
      lending.leave();
      if (socket.flows == 0) {
        parts_.sockets.release(socket);
      }
      continue;
    }
    if (socket.only_flow() != nullptr) {
      ++socket.flows;  // the next one, for which it stays
      parts_.owner.end(*socket.only_flow(), End::closed, {});
      --socket.flows;
    }
    lending.leave();
    relay.go_on_with(route.server);
    socket.only = nullptr;
    core.rule = &taken_by(*core.snapshot, *core.rule, route.member);
    socket.hold_for(core);
    learn(core, socket);
    return &socket;
  }
  return nullptr;
}

// Of a relay that has just been opened by this route.
void Relays::learn_kind(UdpSocket& socket, const Route& route) {
  if (socket.only_flow() == nullptr) {
    return;
  }
  if (auto kind = kind_of(socket.only_flow()->core, route)) {
    socket.relay()->lending = std::make_unique<UdpRelay::Lending>(*socket.relay(), *std::move(kind),
                                                                  parts_.now + longest_service);
  }
}

void Relays::offer(UdpSocket& socket) {
  UdpRelay::Lending* lending = lending_of(socket);
  if (lending != nullptr && lending->questions.none() && keeps_track(*lending)) {
    lending->join(spare_, lending->kind);
  }
}

void Relays::withdraw(UdpSocket& socket) {
  if (UdpRelay::Lending* lending = lending_of(socket)) {
    lending->leave();
  }
}

// An answer to no question is for a flow that had the relay before.
Relays::Asker Relays::settle(const UdpSocket& socket, std::span<const std::uint8_t> answer) {
  UdpRelay::Lending* lending = lending_of(socket);
  if (lending == nullptr || lending->questions.answered(answer) || !lending->has_served ||
      !keeps_track(*lending)) {
    return Asker::present_flow;
  }
  return Asker::former_flow;
}

bool Relays::rest(UdpSocket& socket) {
  UdpRelay::Lending* lending = lending_of(socket);
  if (lending == nullptr || !lending->is_spare() || parts_.now >= lending->until ||
      spare_.resting() == most_resting || parts_.admission.udp_sockets_are_scarce()) {
    return false;
  }
  socket.relay()->release_server();
  socket.only = nullptr;
  const auto longest = socket.holder.snapshot->timeouts().dns_idle;
  lending->rest(std::min<Instant>(parts_.now + longest, lending->until), parts_.now);
  return true;
}

void Relays::release_resting() {
  while (SpareRelays::Member* relay = spare_.longest_resting()) {
    parts_.sockets.release(static_cast<UdpRelay::Lending&>(*relay).relay.socket);
  }
  parts_.sockets.release_resting();
}

bool Relays::is_stale(const UdpSocket& socket) {
  const UdpRelay& relay = *socket.relay();
  if (socket.marks.looked_at == parts_.paths.state() || !relay.is_open()) {
    return false;
  }
  if (socket.marks.is_way_unknown) {
    return parts_.paths.has_lost_source(relay.connection().own.local, socket.holder.client);
  }
  const Route way = socket.way(relay.way().remote);
  if (parts_.paths.has_lost_interface(relay.connection().control.get(), *way.options)) {
    return true;
  }
  const Flow flow{.protocol = Protocol::udp,
                  .client = socket.holder.client,
                  .destination = way.remote,
                  .interface = 0};
  const Address& chosen = parts_.paths.to(flow, way, socket.holder.snapshot->bypass()).source;
  return !chosen.is_unspecified() && chosen != relay.connection().own.local.address;
}

}  // namespace weir
