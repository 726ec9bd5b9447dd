// UDP flows that another process hands over: the other half of udp_handover.cc. The worker has not
// been started yet, so nothing of this races with a datagram.
#include <memory>
#include <utility>
#include <vector>

#include "gateway/udp_flows.h"
#include "handshake/codecs.h"

namespace weir {

using takeover::FlowPart;
using takeover::SocketPart;

UdpSocket* UdpFlows::adopt_socket(const SocketPart& part, const RuleEntry& rule,
                                  const std::shared_ptr<const Snapshot>& snapshot,
                                  Descriptor socket, Descriptor control) {
  auto made = std::make_unique<UdpSocket>(*this);
  made->client = part.client;
  made->local = part.local;
  made->generation = part.generation;
  made->tuned = part.tuned;
  made->snapshot = snapshot;
  made->rule = &rule;
  std::vector<const DatagramCodec*> codecs;
  for (const auto& name : part.codecs) {
    codecs.push_back(codec_named(name));
    if (codecs.back() == nullptr) {
      return nullptr;
    }
  }
  if (!codecs.empty()) {
    made->unwrapped = std::make_unique<UdpSocket::Codecs>(std::move(codecs));
  }
  if (!services_.poll().add_input(socket.get(), *made)) {
    services_.reasons().add(Reason::out_of_descriptors);
    return nullptr;
  }
  made->descriptor = std::move(socket);
  services_.admission().adopt_udp_socket();
  if (part.has_relay) {
    services_.admission().adopt_udp_socket();
    UdpRelay::Owner& owner = *this;
    made->relay = std::make_unique<UdpRelay>(owner, services_, *made);
    UdpRelay::Inherited from;
    from.control = std::move(control);
    from.endpoint = part.relay.endpoint;
    from.local = part.relay.local;
    from.mtu = part.relay.mtu;
    from.server = part.relay.server;
    from.generation = part.generation;
    if (!made->relay->adopt(std::move(from))) {
      services_.reasons().add(Reason::out_of_descriptors);
    }
  }
  made->place = static_cast<std::uint32_t>(sockets_.size());
  sockets_.push_back(std::move(made));
  UdpSocket& entered = *sockets_.back();
  if (!part.only_one_flow) {
    share(entered);
  }
  return &entered;
}

UdpFlow* UdpFlows::adopt_flow(const FlowPart& part, UdpSocket& socket, FlowCore core) {
  if (find(part.client, part.destination) != nullptr) {
    return nullptr;  // no two flows have the same ends
  }
  auto flow = std::make_unique<UdpFlow>(std::move(core));
  flow->socket = &socket;
  flow->bytes_up = part.bytes_up;
  flow->bytes_down = part.bytes_down;
  flow->packets_up = part.packets_up;
  flow->packets_down = part.packets_down;
  flow->last_activity = part.last_activity;
  if (part.is_wrapped) {
    flow->wrapping = std::make_unique<UdpWrapping>(
        UdpWrapping{.first = part.wrapping.first,
                    .rest = part.wrapping.rest,
                    .begun = part.wrapping.begun,
                    .peer = part.wrapping.peer,
                    .room = static_cast<std::size_t>(part.wrapping.room),
                    .connect_us = part.wrapping.connect_us,
                    .handshake_us = part.wrapping.handshake_us});
  }
  UdpFlow* raw = flow.get();
  flows_.insert(std::move(flow));
  ++socket.flows;
  if (socket.relay) {
    socket.relay->flows.push_back(raw);
  }
  services_.admission().adopt(raw->core.flow, *raw->core.rule);
  if (raw->core.server) {
    raw->core.server->flows_active.fetch_add(1, std::memory_order_relaxed);
  }
  if (part.answered) {
    answered_.add(*raw);
  }
  raw->arm(services_.deadlines(), due(*raw), services_.poll().now());
  return raw;
}

void UdpFlows::adopt(InheritedWorker from, const std::shared_ptr<const Snapshot>& snapshot) {
  const auto entries = snapshot->entries();
  std::vector<UdpSocket*> sockets;
  sockets.reserve(from.sockets.size());
  auto descriptor = from.descriptors.begin();
  for (const SocketPart& part : from.sockets) {
    Descriptor socket = std::move(*descriptor++);
    Descriptor control = part.has_relay ? std::move(*descriptor++) : Descriptor();
    sockets.push_back(
        adopt_socket(part, entries[part.way], snapshot, std::move(socket), std::move(control)));
  }
  for (const FlowPart& part : from.flows) {
    UdpSocket* socket = sockets[part.socket];
    if (socket == nullptr) {
      continue;
    }
    FlowCore core;
    core.flow = {.protocol = Protocol::udp,
                 .client = part.client,
                 .destination = part.destination,
                 .interface = part.interface};
    core.sequence = part.number;
    core.snapshot = snapshot;
    core.rule = &entries[part.way];
    if (part.server != takeover::nobody) {
      core.server = Server::take(from.servers[part.server], 0);
    }
    core.remote = part.remote;
    core.source = part.source;
    core.opened = part.opened;
    core.first_byte_us = part.first_byte_us;
    core.attempts = part.attempts;
    core.generation = part.generation;
    core.bytes_looked_at = part.bytes_up + part.bytes_down;
    if (!part.path.empty()) {
      core.path = std::make_unique<const std::string>(part.path);
    }
    if (socket->relay) {
      socket->relay->learn(core);
    }
    UdpFlow* flow = adopt_flow(part, *socket, std::move(core));
    if (flow != nullptr && from.sockets[part.socket].only_one_flow) {
      socket->only_flow = flow;
    }
  }
  for (UdpSocket* socket : sockets) {
    if (socket == nullptr) {
      continue;
    }
    services_.loop_guard().opened(socket->own());  // by its flow, which it has by now
    if (socket->flows == 0) {
      release(*socket);
    }
  }
}

}  // namespace weir
