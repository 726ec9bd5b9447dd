#include "flow/udp/server_sockets.h"

#include <cerrno>
#include <utility>

namespace weir {
namespace {

constexpr const char* no_egress = "find the route that policy rules want";
constexpr const char* no_descriptor = "socket";

}  // namespace

void ServerSockets::clear() {
  for (const auto& socket : all_) {
    parts_.poll.cancel(socket->watch);
  }
  all_.clear();
}

void ParkedMapping::on_deadline(Instant) { all_.release(socket_); }

ServerSockets::Opened ServerSockets::connected(FlowCore& core, Route& route) {
  std::vector<std::shared_ptr<Server>> tried;
  while (true) {
    ++core.attempts;
    follow_route(core, route);
    if (const int code = parts_.egress.choose(core.flow, route); code != 0) {
      return {.error = code, .step = no_egress};
    }
    if (!parts_.admission.take_udp_socket()) {
      return {.error = EMFILE, .step = no_descriptor, .is_full = true};
    }
    Outbound out = open_udp_connected(core.flow, route, core.snapshot->bypass(), parts_.calls);
    if (out.socket.valid()) {
      return open_for(core, out, route);
    }
    parts_.admission.give_back_udp_socket();
    if (route.server) {
      route.server->note_failure(parts_.now, out.error);
      tried.push_back(route.server);
    }
    const Upstream& upstream = *core.rule->upstream;
    // A route that is not taken would still cost the pool a turn, and a server its trial.
    Route next;
    next.verdict = Route::Verdict::no_server;
    if (route.server && core.attempts < upstream.profile().attempts) {
      next = upstream.route(core.flow, tried);
    }
    if (next.verdict != Route::Verdict::dial) {
      return {.error = out.error, .step = out.step};
    }
    parts_.reasons.add(Reason::retried);
    route = std::move(next);
  }
}

ServerSockets::Opened ServerSockets::mapping(FlowCore& core, Route& route) {
  core.attempts = 1;
  core.remote = route.remote;
  if (const int code = parts_.egress.choose(core.flow, route); code != 0) {
    return {.error = code, .step = no_egress};
  }
  Opened opened{.socket =
                    parts_.mappings.find(core.flow.client, *core.rule->upstream, route.egress)};
  if (opened.socket == nullptr) {
    if (!parts_.admission.take_udp_socket()) {
      return {.error = EMFILE, .step = no_descriptor, .is_full = true};
    }
    Outbound out = open_udp_mapping(core.flow, route, core.snapshot->bypass(), free_ports_.pick(),
                                    parts_.calls);
    if (!out.socket.valid()) {
      parts_.admission.give_back_udp_socket();
      return {.error = out.error, .step = out.step};
    }
    opened = open_for(core, out, route);
    if (opened.socket == nullptr) {
      return opened;
    }
    parts_.mappings.share(*opened.socket);
  }
  core.source = opened.socket->local;
  if (core.source.address.is_unspecified()) {
    core.source.address = parts_.paths.to(core.flow, route, core.snapshot->bypass()).source;
  }
  return opened;
}

ServerSockets::Opened ServerSockets::instead(FlowCore& core, const Route& route) {
  if (!parts_.admission.take_udp_socket()) {
    return {.error = EMFILE, .step = no_descriptor, .is_full = true};
  }
  Outbound out = open_udp_connected(core.flow, route, core.snapshot->bypass(), parts_.calls);
  if (!out.socket.valid()) {
    parts_.admission.give_back_udp_socket();
    return {.error = out.error, .step = out.step};
  }
  return open_for(core, out, route);
}

ServerSockets::Opened ServerSockets::reserve(const FlowCore& core) {
  if (!parts_.admission.take_udp_socket()) {
    return {.error = EMFILE, .step = no_descriptor, .is_full = true};
  }
  if (!parts_.admission.take_udp_socket()) {
    parts_.admission.give_back_udp_socket();
    return {.error = EMFILE, .step = no_descriptor, .is_full = true};
  }
  return {.socket = &enter(core)};
}

ServerSockets::Opened ServerSockets::attach(UdpSocket& socket, const Flow& flow,
                                            const Route& route) {
  Outbound out = open_udp_mapping(flow, route, socket.holder.snapshot->bypass(), 0, parts_.calls);
  if (!out.socket.valid()) {
    return {.error = out.error, .step = out.step};
  }
  socket.watch = parts_.poll.add_input(out.socket.get(), socket);
  if (!socket.watch) {
    return {.error = errno, .step = "watch the socket"};
  }
  count_taken_port(out);
  socket.descriptor = std::move(out.socket);
  socket.local = out.local;
  socket.marks.looked_at = parts_.paths.state();
  return {.socket = &socket};
}

UdpSocket* ServerSockets::adopt(std::unique_ptr<UdpSocket> socket, Descriptor descriptor) {
  socket->watch = parts_.poll.add_input(descriptor.get(), *socket);
  if (!socket->watch) {
    parts_.reasons.add(Reason::out_of_descriptors);
    return nullptr;
  }
  socket->descriptor = std::move(descriptor);
  parts_.admission.adopt_udp_socket();
  return &enter(std::move(socket));
}

bool ServerSockets::replace(UdpSocket& socket, const Flow& flow, const Route& route) {
  const Peers peers = socket.is_connected() ? Peers::one : Peers::any;
  Outbound out = open_udp_instead(socket.descriptor.get(), socket.local.port, peers, flow, route,
                                  socket.holder.snapshot->bypass(), parts_.calls);
  EdgePoll::Watch watch;
  if (out.socket.valid()) {
    watch = parts_.poll.add_input(out.socket.get(), socket);
  }
  if (!watch) {
    return false;
  }
  parts_.loop_guard.closed(socket.own());
  parts_.poll.remove(socket.watch, socket.descriptor.get());
  socket.watch = watch;
  socket.descriptor = std::move(out.socket);
  socket.local = out.local;
  parts_.mappings.note_egress(socket, route.egress);
  socket.marks.tuned = false;
  socket.marks.received = 0;
  parts_.loop_guard.opened(socket.own());
  parts_.reasons.add(Reason::socket_renewed);
  return true;
}

// Takes a freshly opened socket, which is counted already, into the poll and the table.
ServerSockets::Opened ServerSockets::open_for(FlowCore& core, Outbound& out, const Route& route) {
  auto fresh = std::make_unique<UdpSocket>(parts_.owner);
  fresh->watch = parts_.poll.add_input(out.socket.get(), *fresh);
  if (!fresh->watch) {
    const int code = errno;
    parts_.admission.give_back_udp_socket();
    return {.error = code, .step = "watch the socket"};
  }
  count_taken_port(out);
  UdpSocket& socket = enter(std::move(fresh));
  socket.hold_for(core);
  socket.descriptor = std::move(out.socket);
  socket.local = out.local;
  socket.generation = core.generation;
  socket.marks.looked_at = parts_.paths.state();
  const bool is_connected = core.rule->upstream->profile().mapping == Mapping::per_flow;
  parts_.loop_guard.opened(
      {Protocol::udp, out.local, is_connected ? route.remote : Endpoint{}, core.generation});
  core.source = out.local;
  parts_.mappings.note_egress(socket, route.egress);
  socket.set_decoders(route);
  socket.note_route(route);
  return {.socket = &socket};
}

void ServerSockets::count_taken_port(const Outbound& out) {
  if (out.source_port_taken) {
    parts_.reasons.add(Reason::source_port_taken);
  }
}

UdpSocket& ServerSockets::enter(std::unique_ptr<UdpSocket> socket) {
  socket->index = static_cast<std::uint32_t>(all_.size());
  all_.push_back(std::move(socket));
  return *all_.back();
}

UdpSocket& ServerSockets::enter(const FlowCore& core) {
  UdpSocket& socket = enter(std::make_unique<UdpSocket>(parts_.owner));
  socket.hold_for(core);
  return socket;
}

bool ServerSockets::park(UdpSocket& socket) {
  if (!socket.marks.is_parked || parts_.admission.udp_sockets_are_scarce()) {
    return false;
  }
  if (parts_.mappings.parked() == max_parked) {
    release(*parts_.mappings.longest_parked());
  }
  parts_.mappings.park(*this, socket, parts_.timers,
                       parts_.now + socket.holder.snapshot->configuration().timeouts.udp_idle,
                       parts_.now);
  return true;
}

void ServerSockets::release_parked() {
  while (UdpSocket* socket = parts_.mappings.longest_parked()) {
    release(*socket);
  }
}

void ServerSockets::release(UdpSocket& socket) {
  parts_.poll.cancel(socket.watch);
  if (UdpRelay* relay = socket.relay()) {
    relay->close();
    parts_.admission.give_back_udp_socket();
  }
  if (socket.descriptor.valid()) {
    parts_.loop_guard.closed(socket.own());
  }
  parts_.admission.give_back_udp_socket();
  parts_.mappings.forget(socket);
  const std::uint32_t index = socket.index;
  const std::unique_ptr<UdpSocket> closed = std::move(all_[index]);
  if (index + 1 != all_.size()) {
    all_[index] = std::move(all_.back());
    all_[index]->index = index;
  }
  all_.pop_back();
}

}  // namespace weir
