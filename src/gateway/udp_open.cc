// How a UDP flow opens: by the rules, past the limits, with a mapping or a socket of its own.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "base/transparent.h"
#include "gateway/udp_flows.h"

namespace weir {
namespace {

// Destinations that no datagram can be forwarded to and nobody can answer from.
bool is_invalid(const Endpoint& destination) {
  constexpr std::uint8_t all_ones = 0xff;
  const auto& bytes = destination.address.bytes();
  const bool broadcast = destination.address.is_v4() && bytes[12] == all_ones &&
                         bytes[13] == all_ones && bytes[14] == all_ones && bytes[15] == all_ones;
  return destination.port == 0 || destination.address.is_unspecified() ||
         destination.address.is_multicast() || broadcast;
}

}  // namespace

std::unique_ptr<UdpSocket::Codecs> UdpSocket::codecs_of(const Route& route) {
  if (route.wrappings.empty()) {
    return nullptr;
  }
  std::vector<const DatagramCodec*> out;
  out.reserve(route.wrappings.size());
  for (const Wrapping& wrapping : route.wrappings) {
    out.push_back(wrapping.codec);
  }
  return std::make_unique<Codecs>(std::move(out));
}

UdpFlow* UdpFlows::open(const InterceptedDatagram& datagram) {
  if (!takes_new_) {
    services_.reasons().add(Reason::draining);
    return nullptr;
  }
  const Flow flow{.protocol = Protocol::udp,
                  .client = datagram.client,
                  .destination = datagram.destination,
                  .interface = datagram.interface};
  if (is_invalid(flow.destination) || flow.client.port == 0) {
    services_.reasons().add(Reason::invalid_destination);
    return nullptr;
  }
  FlowCore core = services_.open(flow);
  const auto finding = services_.loop_guard().look(flow, port_);
  core.generation = finding.generation;
  if (finding.is_loop) {
    refuse(core, End::loop, Reason::loop, finding.why());
    return nullptr;
  }
  Route route = core.rule->upstream->route(flow, {});
  switch (route.verdict) {
    case Route::Verdict::reject:
      tell_unreachable(flow, RawSender::Unreachable::port);
      refuse(core, End::rejected, Reason::rejected, {});
      return nullptr;
    case Route::Verdict::drop:
      refuse(core, End::dropped, Reason::dropped, {});
      return nullptr;
    case Route::Verdict::no_server:
      tell_unreachable(flow, RawSender::Unreachable::port);
      refuse(core, End::no_server, Reason::no_server, {});
      return nullptr;
    case Route::Verdict::dial:
      break;
  }
  if (const auto verdict = services_.admit(core); verdict != Admission::Verdict::admitted) {
    // admit() has counted the reason.
    if (refusals_.is_news(FlowHash{}(flow.client, flow.destination), services_.poll().now())) {
      services_.write(core, services_.describe(core), End::limit, text_of(verdict));
    }
    return nullptr;
  }
  UdpSocket* socket = socket_for(core, route);
  if (socket == nullptr) {
    services_.closed(core);
    return nullptr;
  }
  return insert(std::move(core), *socket, route.wrappings);
}

// Endpoint-independent filtering: whoever sends to a mapping reaches the client, as a flow of its
// own.
UdpFlow* UdpFlows::open_from_peer(UdpSocket& socket, const Endpoint& peer) {
  if (!takes_new_) {
    services_.reasons().add(Reason::draining);
    return nullptr;
  }
  if (is_invalid(peer)) {
    services_.reasons().add(Reason::invalid_destination);  // nobody could answer from there
    return nullptr;
  }
  const Flow flow{
      .protocol = Protocol::udp, .client = socket.client, .destination = peer, .interface = 0};
  FlowCore core = services_.open(flow);
  core.snapshot = socket.snapshot;
  core.rule = socket.rule;
  core.remote = peer;
  core.source = socket.local;
  if (socket.relay) {
    learn_from_relay(core, socket);
  }
  if (services_.admit(core) != Admission::Verdict::admitted) {
    return nullptr;
  }
  std::vector<Wrapping> wrappings;
  if (socket.unwrapped != nullptr) {
    wrappings.reserve(socket.unwrapped->size());
    for (const DatagramCodec* codec : *socket.unwrapped) {
      wrappings.push_back({.codec = codec, .target = {.endpoint = peer, .host = {}}});
    }
  }
  return insert(std::move(core), socket, wrappings);
}

UdpFlow* UdpFlows::insert(FlowCore core, UdpSocket& socket, std::span<const Wrapping> wrappings) {
  auto flow = std::make_unique<UdpFlow>(std::move(core));
  flow->socket = &socket;
  if (!wrappings.empty()) {
    wrap(*flow, wrappings);
  }
  if (socket.relay) {
    socket.relay->flows.push_back(flow.get());
  }
  flow->last_activity = services_.poll().now();
  ++socket.flows;
  if (flow->core.rule->upstream->profile().mapping == Mapping::per_flow) {
    socket.only_flow = flow.get();
  }
  if (flow->core.server) {
    flow->core.server->flows_total.fetch_add(1, std::memory_order_relaxed);
    flow->core.server->flows_active.fetch_add(1, std::memory_order_relaxed);
  }
  flow->late = is_late_;
  late_ += is_late_ ? 1 : 0;
  UdpFlow* raw = flow.get();
  flows_.insert(std::move(flow));
  raw->arm(services_.deadlines(), due(*raw), services_.poll().now());
  return raw;
}

UdpSocket* UdpFlows::socket_for(FlowCore& core, Route& route) {
  if (route.carrier == Route::Carrier::relay) {
    return relayed_socket(core, route);
  }
  return core.rule->upstream->profile().mapping == Mapping::per_client
             ? mapping(core, route)
             : connected_socket(core, route);
}

UdpSocket* UdpFlows::connected_socket(FlowCore& core, Route& route) {
  std::vector<std::shared_ptr<Server>> tried;
  while (true) {
    ++core.attempts;
    core.server = route.server;
    core.remote = route.remote;
    if (!services_.admission().take_udp_socket()) {
      refuse_socket(core, EMFILE, "socket");
      return nullptr;
    }
    Outbound out = open_udp_connected(core.flow, route, core.snapshot->bypass());
    if (out.socket.valid()) {
      auto socket = std::make_unique<UdpSocket>(*this);
      UdpSocket* watched = watch(std::move(socket), out, core);
      if (watched != nullptr) {
        watched->unwrapped = UdpSocket::codecs_of(route);
      }
      return watched;
    }
    services_.admission().give_back_udp_socket();
    if (route.server) {
      route.server->note_failure(services_.poll().now(), out.error);
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
      refuse_socket(core, out.error, out.step);
      return nullptr;
    }
    services_.reasons().add(Reason::retried);
    route = std::move(next);
  }
}

UdpSocket* UdpFlows::mapping(FlowCore& core, const Route& route) {
  core.attempts = 1;
  core.remote = route.remote;
  UdpSocket* socket = find_mapping(core);
  if (socket == nullptr) {
    if (!services_.admission().take_udp_socket()) {
      refuse_socket(core, EMFILE, "socket");
      return nullptr;
    }
    Outbound out = open_udp_mapping(core.flow, route, core.snapshot->bypass());
    if (!out.socket.valid()) {
      services_.admission().give_back_udp_socket();
      refuse_socket(core, out.error, out.step);
      return nullptr;
    }
    socket = watch(std::make_unique<UdpSocket>(*this), out, core);
    if (socket == nullptr) {
      return nullptr;
    }
    socket->unwrapped = UdpSocket::codecs_of(route);
    share(*socket);
  }
  core.source = socket->local;
  if (core.source.address.is_unspecified()) {
    core.source.address = source_addresses_.get(
        route.remote.address, core.rule->upstream.get(), services_.poll().now(), [&]() {
          return open_udp_connected(core.flow, route, core.snapshot->bypass()).local.address;
        });
  }
  return socket;
}

UdpSocket* UdpFlows::find_mapping(const FlowCore& core) const {
  const Upstream* upstream = core.rule->upstream.get();
  return mappings_.find(MappingHash{}(core.flow.client, upstream), [&](const UdpSocket& socket) {
    return socket.client == core.flow.client && socket.rule->upstream.get() == upstream;
  });
}

// Lets the client's other flows use the socket, too.
void UdpFlows::share(UdpSocket& socket) {
  socket.is_mapping = true;
  mappings_.insert(&socket);
}

// Puts a socket into the table.
UdpSocket& UdpFlows::enter(std::unique_ptr<UdpSocket> socket, const FlowCore& core) {
  socket->client = core.flow.client;
  socket->snapshot = core.snapshot;
  socket->rule = core.rule;
  socket->place = static_cast<std::uint32_t>(sockets_.size());
  sockets_.push_back(std::move(socket));
  return *sockets_.back();
}

// Takes a freshly opened socket into the poll and the table.
UdpSocket* UdpFlows::watch(std::unique_ptr<UdpSocket> fresh, Outbound& out, FlowCore& core) {
  if (!services_.poll().add_input(out.socket.get(), *fresh)) {
    services_.admission().give_back_udp_socket();
    refuse_socket(core, errno, "watch the socket");
    return nullptr;
  }
  return adopt(std::move(fresh), out, core);
}

// The same for one that is in the poll already.
UdpSocket* UdpFlows::adopt(std::unique_ptr<UdpSocket> fresh, Outbound& out, FlowCore& core) {
  if (out.source_port_taken) {
    services_.reasons().add(Reason::source_port_taken);
  }
  UdpSocket* socket = &enter(std::move(fresh), core);
  socket->descriptor = std::move(out.socket);
  socket->local = out.local;
  socket->generation = core.generation;
  const bool connected = core.rule->upstream->profile().mapping == Mapping::per_flow;
  services_.loop_guard().opened(
      {Protocol::udp, out.local, connected ? core.remote : Endpoint{}, core.generation});
  core.source = out.local;
  return socket;
}

void UdpFlows::refuse(const FlowCore& core, End end, Reason reason, std::string_view error) {
  services_.reasons().add(reason);
  const auto hash = FlowHash{}(core.flow.client, core.flow.destination);
  if (refusals_.is_news(hash, services_.poll().now())) {
    services_.write(core, services_.describe(core), end, error);
  }
}

void UdpFlows::refuse_socket(const FlowCore& core, int code, const char* step) {
  const std::string error = std::string(step) + ": " + std::strerror(code);
  switch (code) {
    case EMFILE:
    case ENFILE:
      refuse(core, End::limit, Reason::out_of_descriptors, error);
      break;
    case EADDRINUSE:
    case EADDRNOTAVAIL:
      refuse(core, End::connect_failed, Reason::source_unavailable, error);
      break;
    case EHOSTUNREACH:
    case ENETUNREACH:
      tell_unreachable(core.flow, RawSender::Unreachable::host);
      refuse(core, End::connect_failed, Reason::connect_unreachable, error);
      break;
    default:
      refuse(core, End::connect_failed, Reason::connect_error, error);
  }
}

}  // namespace weir
