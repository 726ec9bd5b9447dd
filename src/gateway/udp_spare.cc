// DNS flows that go on with a relay which another flow needs no longer: one whose questions are
// answered (it ends then, before its second is over), or one that has ended.
//
// Without this a question through a SOCKS5 server waits for three round trips to that server before
// it leaves, and costs a connection.
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "gateway/udp_flows.h"

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

// Null: nobody else may go on with it.
UdpRelay::Lending* lending_of(const UdpSocket& socket) {
  return socket.relay ? socket.relay->lending.get() : nullptr;
}

}  // namespace

// Nothing where a relay on this route is for this flow alone.
std::optional<SpareRelays::Kind> UdpFlows::kind_of(const FlowCore& core, const Route& route) {
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

UdpSocket* UdpFlows::spare_socket(FlowCore& core, const Route& route) {
  const auto kind = kind_of(core, route);
  if (!kind || spare_.find(*kind) == nullptr) {
    return nullptr;
  }
  if (route.server && route.server->health.was_ejected()) {
    return nullptr;  // whether it takes new connections is the question
  }
  // What this batch holds for the flow whose relay it is leaves first: it may need it after all.
  flush_to_servers();
  while (SpareRelays::Member* found = spare_.find(*kind)) {
    auto& lending = static_cast<UdpRelay::Lending&>(*found);
    UdpRelay& relay = lending.relay;
    UdpSocket& socket = relay.socket();
    const bool has_moved = !leads_to(route, relay.way().remote);
    if (has_moved || services_.poll().now() >= lending.until) {
      lending.leave();
      if (socket.flows == 0) {
        release(socket);
      }
      continue;
    }
    if (socket.only_flow != nullptr) {
      ++socket.flows;  // the next one, for which it stays
      end(*socket.only_flow, End::closed, {});
      --socket.flows;
    }
    lending.leave();
    relay.go_on_with(route.server);
    socket.only_flow = nullptr;
    socket.client = core.flow.client;
    socket.snapshot = core.snapshot;
    socket.rule = core.rule;
    learn_from_relay(core, socket);
    return &socket;
  }
  return nullptr;
}

// Of a relay that has just been opened by this route.
void UdpFlows::learn_kind(UdpSocket& socket, const Route& route) {
  if (socket.only_flow == nullptr) {
    return;
  }
  if (auto kind = kind_of(socket.only_flow->core, route)) {
    socket.relay->lending = std::make_unique<UdpRelay::Lending>(
        *socket.relay, *std::move(kind), services_.poll().now() + longest_service);
  }
}

// For others, if the flow's questions are answered.
void UdpFlows::offer_relay(UdpSocket& socket) {
  UdpRelay::Lending* lending = lending_of(socket);
  if (lending != nullptr && lending->questions.none() && !lending->questions.is_track_lost()) {
    spare_.add(*lending, lending->kind);
  }
}

// Not any more, for now.
void UdpFlows::withdraw_relay(UdpSocket& socket) {
  if (UdpRelay::Lending* lending = lending_of(socket)) {
    lending->leave();
  }
}

// Whether it is for somebody who had the relay before.
bool UdpFlows::is_late(const UdpSocket& socket, std::span<const std::uint8_t> answer) {
  UdpRelay::Lending* lending = lending_of(socket);
  return lending != nullptr && !lending->questions.answered(answer) && lending->has_served &&
         !lending->questions.is_track_lost();
}

// Keeps the relay of a flow that is over for the next one; false: it is not for others.
bool UdpFlows::rest(UdpSocket& socket) {
  UdpRelay::Lending* lending = lending_of(socket);
  const Instant now = services_.poll().now();
  if (lending == nullptr || !lending->is_spare() || now >= lending->until ||
      spare_.resting() == most_resting || services_.admission().udp_sockets_are_scarce()) {
    return false;
  }
  socket.relay->release_server();
  socket.only_flow = nullptr;
  const auto longest = socket.snapshot->timeouts().dns_idle;
  spare_.rest(*lending, std::min<Instant>(now + longest, lending->until), now);
  return true;
}

void UdpFlows::on_relay_unwanted(UdpSocket& socket) { release(socket); }

void UdpFlows::release_resting() {
  while (SpareRelays::Member* relay = spare_.longest_resting()) {
    release(static_cast<UdpRelay::Lending&>(*relay).relay.socket());
  }
}

}  // namespace weir
