// UDP flows with something before their payload, and those through a relay that a server opens for
// them.
//
// A flow through a relay exists before its socket does: the relay's connection is dialled first, in
// whose family the socket has to be. Until then datagrams wait with the relay.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "gateway/dial_failure.h"
#include "gateway/udp_flows.h"

namespace weir {
namespace {

// IP and UDP headers, in bytes.
constexpr std::size_t overhead_v4 = 20 + 8;
constexpr std::size_t overhead_v6 = 40 + 8;

std::size_t room_in(std::uint32_t mtu, Family family) {
  const std::size_t overhead = family == Family::v4 ? overhead_v4 : overhead_v6;
  return mtu > overhead ? mtu - overhead : SIZE_MAX;
}

std::optional<std::uint32_t> mtu_of(int fd, Family family) {
  int mtu = 0;
  socklen_t length = sizeof mtu;
  const bool v4 = family == Family::v4;
  if (getsockopt(fd, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_MTU : IPV6_MTU, &mtu, &length) != 0) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(mtu);
}

std::size_t room_of(const UdpSocket& socket, const FlowCore& core) {
  const Family family = core.remote.family();
  if (socket.relay) {
    return room_in(socket.relay->mtu(), family);
  }
  if (const auto mtu = mtu_of(socket.descriptor.get(), family)) {
    return room_in(*mtu, family);
  }
  // A mapping is connected to nobody, and so has no path: another socket asks for this one's.
  const UpstreamProfile& profile = core.rule->upstream->profile();
  Route way;
  way.remote = core.remote;
  way.source = profile.source;
  way.options = &profile.options;
  const Outbound asks = open_udp_connected(core.flow, way, core.snapshot->bypass());
  return room_in(asks.socket.valid() ? mtu_of(asks.socket.get(), family).value_or(0) : 0, family);
}

}  // namespace

void UdpFlows::wrap(UdpFlow& flow, std::span<const Wrapping> wrappings) const {
  auto made = std::make_unique<UdpWrapping>();
  const std::string id = services_.id_of(flow.core);
  const Opening opening{.flow_id = id};
  for (const Wrapping& wrapping : wrappings) {
    std::string header;
    wrapping.codec->append_header(flow.core.flow, wrapping.target, opening, header);
    made->first += header;
    if (wrapping.codec->on() == DatagramCodec::On::every) {
      made->rest += header;
    }
  }
  if (flow.socket->relay && wrappings.front().target.host.empty()) {
    made->peer = wrappings.front().target.endpoint;
  }
  made->room = room_of(*flow.socket, flow.core);
  if (flow.wrapping) {
    made->begun = flow.wrapping->begun;
  }
  flow.wrapping = std::move(made);
}

UdpSocket* UdpFlows::relayed_socket(FlowCore& core, Route& route) {
  const bool shared = core.rule->upstream->profile().mapping == Mapping::per_client;
  if (UdpSocket* open = shared ? find_mapping(core) : nullptr; open != nullptr) {
    learn_from_relay(core, *open);
    return open;
  }
  if (UdpSocket* spare = spare_socket(core, route); spare != nullptr) {
    return spare;
  }
  core.remote = route.remote;
  core.server = route.server;
  // One for the socket, one for the connection.
  if (!services_.admission().take_udp_socket()) {
    refuse_socket(core, EMFILE, "socket");
    return nullptr;
  }
  if (!services_.admission().take_udp_socket()) {
    services_.admission().give_back_udp_socket();
    refuse_socket(core, EMFILE, "socket");
    return nullptr;
  }
  UdpSocket& socket = enter(std::make_unique<UdpSocket>(*this), core);
  UdpRelay::Owner& owner = *this;
  socket.relay = std::make_unique<UdpRelay>(owner, services_, socket, core);
  // The route goes into the dial; its wrappings are still to be read.
  Route first = std::move(route);
  route = Route();
  route.wrappings = first.wrappings;
  socket.unwrapped = UdpSocket::codecs_of(route);
  if (const auto outcome = socket.relay->start(std::move(first));
      outcome != TcpDial::Outcome::connecting) {
    learn_from_relay(core, socket);
    const DialFailure failure = failure_of(outcome);
    tell_unreachable(core.flow, RawSender::Unreachable::port);
    refuse(core, failure.end, failure.reason, socket.relay->dial().error());
    release(socket);
    return nullptr;
  }
  if (shared) {
    share(socket);
  }
  return &socket;
}

void UdpFlows::learn_from_relay(FlowCore& core, const UdpSocket& socket) const {
  const UdpRelay& relay = *socket.relay;
  const UdpRelay::Way way = relay.way();
  core.attempts = static_cast<std::uint16_t>(way.attempts);
  core.server = way.server;
  core.remote = way.remote;
  if (!way.path.empty()) {
    core.path = std::make_unique<const std::string>(way.path);
  }
  if (socket.descriptor.valid()) {
    core.source = socket.local;
    if (core.source.address.is_unspecified()) {  // routing picks the same one for both
      core.source.address = relay.local().address;
    }
  }
}

// The same for a flow that a server counts already: a later attempt may have led to another one.
void UdpFlows::follow_relay(UdpFlow& flow) {
  const auto before = flow.core.server;
  learn_from_relay(flow.core, *flow.socket);
  if (before == flow.core.server) {
    return;
  }
  if (before) {
    before->flows_active.fetch_sub(1, std::memory_order_relaxed);
  }
  if (flow.core.server) {
    flow.core.server->flows_active.fetch_add(1, std::memory_order_relaxed);
  }
}

void UdpFlows::on_relay_open(UdpSocket& socket) {
  UdpRelay& relay = *socket.relay;
  const TcpDial& dial = relay.dial();
  // The socket as the route wants it, in the family of the connection.
  Route way;
  way.remote = relay.endpoint();
  way.source = dial.route().source;
  way.options = dial.route().options;
  const Flow flow{.protocol = Protocol::udp,
                  .client = socket.client,
                  .destination = relay.endpoint(),
                  .interface = 0};
  Outbound out = open_udp_mapping(flow, way, socket.snapshot->bypass());
  if (!out.socket.valid() || !services_.poll().add_input(out.socket.get(), socket)) {
    const int code = out.socket.valid() ? errno : out.error;
    on_relay_failed(socket, TcpDial::Outcome::failed,
                    std::string("the socket to the relay: ") + std::strerror(code));
    return;
  }
  if (out.source_port_taken) {
    services_.reasons().add(Reason::source_port_taken);
  }
  socket.descriptor = std::move(out.socket);
  socket.local = out.local;
  socket.generation = relay.flows.front()->core.generation;
  services_.loop_guard().opened(socket.own());
  for (UdpFlow* one : relay.flows) {
    follow_relay(*one);
    if (one == socket.only_flow) {  // a later attempt may lead elsewhere
      wrap(*one, dial.route().wrappings);
    } else {
      one->wrapping->room = room_of(socket, one->core);
    }
    one->wrapping->connect_us = one->core.since_opened(dial.connected_at());
    one->wrapping->handshake_us = one->core.since_opened(services_.poll().now());
    services_.took(one->core, Latency::connect, one->wrapping->connect_us);
    services_.took(one->core, Latency::handshake, one->wrapping->handshake_us);
  }
  learn_kind(socket, dial.route());
  finished_dials_.push_back(relay.finish_dialling());
  const auto kept = relay.take_kept();
  for (const UdpRelay::Kept& datagram : kept) {
    send_up(
        *datagram.flow,
        {reinterpret_cast<const std::uint8_t*>(datagram.payload.data()), datagram.payload.size()},
        datagram.segment);
  }
  flush_to_servers();
}

void UdpFlows::on_relay_failed(UdpSocket& socket, TcpDial::Outcome outcome,
                               const std::string& error) {
  const DialFailure failure = failure_of(outcome);
  services_.reasons().add(failure.reason);
  const auto flows = socket.relay->flows;  // ending one takes it out
  for (UdpFlow* flow : flows) {
    follow_relay(*flow);
    tell_unreachable(flow->core.flow, RawSender::Unreachable::port);
    end(*flow, failure.end, error);
  }
}

void UdpFlows::on_relay_ended(UdpSocket& socket, const std::string& error) {
  const auto flows = socket.relay->flows;
  if (flows.empty()) {  // it was spare
    release(socket);
  }
  for (UdpFlow* flow : flows) {
    end(*flow, End::server_reset, error);
  }
}

}  // namespace weir
