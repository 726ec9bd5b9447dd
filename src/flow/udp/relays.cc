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
#include "flow/flow_counting.h"

namespace weir {
namespace {

// Idle ones, which the server keeps open for us.
constexpr std::size_t max_parked = 64;
// How long queries may leave the server from the same port.
constexpr std::chrono::minutes longest_service{1};

bool is_of_client(const Source& source) {
  return source.kind == SourceKind::client || source.kind == SourceKind::client_port;
}

bool leads_to(const Route& route, const Endpoint& server) {
  return route.remote == server || (route.remote.port == server.port &&
                                    std::find(route.alternates.begin(), route.alternates.end(),
                                              server.address) != route.alternates.end());
}

// Null: no other flow may go on with it.
UdpRelay::Lease* lease_of(const UdpSocket& socket) {
  return socket.relay() != nullptr ? socket.relay()->lease.get() : nullptr;
}

// Answers can be told apart only while all of it is DNS, and no more than is kept.
bool keeps_track(const UdpRelay::Lease& lease) {
  return !lease.queries.is_foreign() && !lease.queries.is_track_lost();
}

// Nothing where a relay on this route is for this flow alone.
std::optional<RelayPool::Key> key_of(const FlowCore& core, const Route& route) {
  // A second encapsulation is a PROXY header.
  if (core.flow.destination.port != dns_port || is_of_client(route.source) ||
      route.layers.size() != 1 || core.rule->upstream->profile().mapping == Mapping::per_client) {
    return std::nullopt;
  }
  return RelayPool::Key{.upstream = core.rule->upstream.get(),
                        .options = route.options,
                        .server = route.server.get(),
                        .first_hop = route.first_hop.get(),
                        .generation = core.generation,
                        .target = route.layers.front().target};
}

}  // namespace

Relays::Opened Relays::open(FlowCore& core, Route& route) {
  const bool shared = core.rule->upstream->profile().mapping == Mapping::per_client;
  UdpSocket* open =
      shared ? parts_.mappings.find(core.flow.client, *core.rule->upstream, Egress{}) : nullptr;
  if (open != nullptr) {
    learn(core, *open);
    return {.socket = open};
  }
  if (UdpSocket* pooled = take_available(core, route); pooled != nullptr) {
    return {.socket = pooled};
  }
  follow_route(core, route);
  const auto reserved = parts_.sockets.reserve(core);
  if (reserved.socket == nullptr) {
    return {.error = reserved.error, .step = reserved.step};
  }
  UdpSocket& socket = *reserved.socket;
  UdpRelay::Owner& owner = *this;
  socket.extras().relay = std::make_unique<UdpRelay>(owner, parts_.dial, socket, core);
  // The route goes into the dial; its layers are still to be read.
  Route first = std::move(route);
  route = Route();
  route.layers = first.layers;
  socket.set_decoders(route);
  const auto outcome = socket.relay()->start(std::move(first));
  if (outcome != TcpDial::Outcome::connecting) {
    note_member(socket);
    learn(core, socket);
    Opened out{.outcome = outcome,
               .words = socket.relay()->dial().error(),
               .path = socket.relay()->peer().path};
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
  const UdpRelay::Peer peer = relay.peer();
  core.attempts = static_cast<std::uint16_t>(peer.attempts);
  core.server = peer.server;
  core.remote = peer.remote;
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
  Route route;
  route.remote = relay.connection().endpoint;
  route.source = dial.route().source;
  route.options = dial.route().options;
  const Flow flow{.protocol = Protocol::udp,
                  .client = socket.holder.client,
                  .destination = relay.connection().endpoint,
                  .interface = 0};
  if (const auto opened = parts_.sockets.attach(socket, flow, route); opened.socket == nullptr) {
    on_relay_failed(socket, TcpDial::Outcome::failed,
                    std::string("the socket to the relay: ") + std::strerror(opened.error));
    return;
  }
  socket.note_route(dial.route());
  note_member(socket);
  socket.generation = relay.flows.front()->core.generation;
  parts_.dial.loop_guard.opened(socket.own());
  for (UdpFlow* one : relay.flows) {
    follow(*one);
    if (one == socket.only_flow()) {  // a later attempt may lead elsewhere
      parts_.encapsulation.wrap(*one, dial.route().layers);
    } else {
      one->encapsulation->room = parts_.encapsulation.room_of(socket, one->core);
    }
    one->encapsulation->connect_us = since_opened(one->core, dial.connected_at());
    one->encapsulation->handshake_us = since_opened(one->core, parts_.now);
    note_latency(one->core, Latency::connect, one->encapsulation->connect_us);
    note_latency(one->core, Latency::handshake, one->encapsulation->handshake_us);
  }
  learn_key(socket, dial.route());
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
  if (flows.empty()) {  // it was in the pool
    parts_.sockets.release(socket);
  }
  for (UdpFlow* flow : flows) {
    parts_.owner.end(*flow, End::server_reset, error);
  }
}

UdpSocket* Relays::take_available(FlowCore& core, const Route& route) {
  const auto key = key_of(core, route);
  if (!key || pool_.find(*key) == nullptr) {
    return nullptr;
  }
  if (route.server && route.server->health.was_ejected()) {
    return nullptr;  // what is unknown is whether it takes new connections
  }
  // What this batch holds for the relay's present flow leaves first: that flow may need the relay
  // after all.
  parts_.sender.flush();
  while (RelayPool::Member* found = pool_.find(*key)) {
    auto& lease = static_cast<UdpRelay::Lease&>(*found);
    UdpRelay& relay = lease.relay;
    UdpSocket& socket = relay.socket;
    const bool has_moved = !leads_to(route, relay.peer().remote);
    if (has_moved || parts_.now >= lease.until || is_stale(socket)) {
      lease.leave();
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
    lease.leave();
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
void Relays::learn_key(UdpSocket& socket, const Route& route) {
  if (socket.only_flow() == nullptr) {
    return;
  }
  if (auto key = key_of(socket.only_flow()->core, route)) {
    socket.relay()->lease = std::make_unique<UdpRelay::Lease>(*socket.relay(), *std::move(key),
                                                              parts_.now + longest_service);
  }
}

void Relays::offer(UdpSocket& socket) {
  UdpRelay::Lease* lease = lease_of(socket);
  if (lease != nullptr && lease->queries.none() && keeps_track(*lease)) {
    lease->join(pool_, lease->key);
  }
}

void Relays::withdraw(UdpSocket& socket) {
  if (UdpRelay::Lease* lease = lease_of(socket)) {
    lease->leave();
  }
}

// An answer to no query is for a flow that had the relay before.
Relays::Asker Relays::match_answer(const UdpSocket& socket, std::span<const std::uint8_t> answer) {
  UdpRelay::Lease* lease = lease_of(socket);
  if (lease == nullptr || lease->queries.answered(answer) || !lease->has_served ||
      !keeps_track(*lease)) {
    return Asker::present_flow;
  }
  return Asker::former_flow;
}

bool Relays::park(UdpSocket& socket) {
  UdpRelay::Lease* lease = lease_of(socket);
  if (lease == nullptr || !lease->is_available() || parts_.now >= lease->until ||
      pool_.parked() == max_parked || parts_.admission.udp_sockets_are_scarce()) {
    return false;
  }
  socket.relay()->release_server();
  socket.only = nullptr;
  const auto longest = socket.holder.snapshot->configuration().timeouts.dns_idle;
  lease->park(std::min<Instant>(parts_.now + longest, lease->until), parts_.now);
  return true;
}

void Relays::release_parked() {
  while (RelayPool::Member* relay = pool_.longest_parked()) {
    parts_.sockets.release(static_cast<UdpRelay::Lease&>(*relay).relay.socket);
  }
  parts_.sockets.release_parked();
}

bool Relays::is_stale(const UdpSocket& socket) {
  const UdpRelay& relay = *socket.relay();
  if (socket.marks.looked_at == parts_.paths.state() || !relay.is_open()) {
    return false;
  }
  if (socket.marks.is_route_unknown) {
    return parts_.paths.has_lost_source(relay.connection().own.local, socket.holder.client);
  }
  const Route route = socket.route_to(relay.peer().remote);
  if (parts_.paths.has_lost_interface(relay.connection().control.get(), *route.options)) {
    return true;
  }
  const Flow flow{.protocol = Protocol::udp,
                  .client = socket.holder.client,
                  .destination = route.remote,
                  .interface = 0};
  const Address& chosen = parts_.paths.to(flow, route, socket.holder.snapshot->bypass()).source;
  return !chosen.is_unspecified() && chosen != relay.connection().own.local.address;
}

}  // namespace weir
