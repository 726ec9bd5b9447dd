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
  // What this batch holds for the flow whose relay it is leaves first: it may need it after all.
  flush_to_servers();
  while (SpareRelays::Member* found = spare_.find(*kind)) {
    UdpRelay& relay = static_cast<UdpRelay&>(*found);
    UdpSocket& socket = relay.socket();
    if (!leads_to(route, relay.way().remote)) {  // the server has moved since
      relay.leave();
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
    relay.leave();
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
  if (const auto kind = kind_of(socket.only_flow->core, route)) {
    socket.relay->serves = std::make_unique<const SpareRelays::Kind>(*kind);
  }
}

// For others, now that the flow's questions are answered.
void UdpFlows::offer_relay(UdpSocket& socket) {
  UdpRelay* relay = socket.relay.get();
  if (relay != nullptr && relay->serves &&
      services_.poll().now() - relay->opened_at() < longest_service) {
    spare_.add(*relay, *relay->serves);
  }
}

// Keeps the relay of a flow that is over for the next one; false: it is not for others.
bool UdpFlows::rest(UdpSocket& socket) {
  UdpRelay* relay = socket.relay.get();
  if (relay == nullptr || !relay->is_spare() || spare_.resting() == most_resting ||
      services_.admission().udp_sockets_are_scarce()) {
    return false;
  }
  relay->release_server();
  socket.only_flow = nullptr;
  const Instant now = services_.poll().now();
  spare_.rest(*relay, now + socket.snapshot->timeouts().dns_idle, now);
  return true;
}

void UdpFlows::on_relay_unwanted(UdpSocket& socket) { release(socket); }

void UdpFlows::release_resting() {
  while (SpareRelays::Member* relay = spare_.longest_resting()) {
    release(static_cast<UdpRelay&>(*relay).socket());
  }
}

}  // namespace weir
