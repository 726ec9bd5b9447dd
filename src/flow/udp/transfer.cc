#include "flow/udp/transfer.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "flow/flow_counting.h"
#include "flow/udp/seats.h"
#include "flow/udp/udp_shared_fields.h"
#include "handshake/codecs.h"

namespace weir {
namespace {

using takeover::FlowPart;
using takeover::SocketPart;
using takeover::WorkerPart;

// Gives everything that many flows share a number.
class Numbering {
 public:
  explicit Numbering(WorkerPart& part) : part_(part) {}

  std::uint32_t of(const RuleEntry& rule) {
    const auto next = static_cast<std::uint32_t>(part_.bindings.size());
    const auto [at, is_new] = bindings_.try_emplace(&rule, next);
    if (is_new) {
      part_.bindings.push_back(
          {.rule = rule.name,
           .upstream = rule.upstream->name(),
           .member = rule.member,
           .per_client = rule.upstream->profile().mapping == Mapping::per_client});
    }
    return at->second;
  }

  std::uint32_t of(const std::shared_ptr<Server>& server) {
    if (!server) {
      return takeover::nobody;
    }
    const auto next = static_cast<std::uint32_t>(part_.servers.size());
    const auto [at, is_new] = servers_.try_emplace(server.get(), next);
    if (is_new) {
      const Server::Identity& identity = server->identity();
      part_.servers.push_back({.upstream = identity.upstream,
                               .name = identity.name,
                               .host = identity.host,
                               .port = identity.port});
    }
    return at->second;
  }

 private:
  WorkerPart& part_;
  std::map<const RuleEntry*, std::uint32_t> bindings_;
  std::map<const Server*, std::uint32_t> servers_;
};

SocketPart part_of(const UdpSocket& socket, Numbering& numbers) {
  SocketPart out;
  out.client = socket.holder.client;
  out.binding = numbers.of(*socket.holder.rule);
  out.local = socket.local;
  out.generation = socket.generation;
  out.only_one_flow = socket.only_flow() != nullptr;
  out.tuned = socket.marks.tuned;
  if (socket.decoders() != nullptr) {
    for (const DatagramCodec* codec : *socket.decoders()) {
      out.codecs.emplace_back(codec->name());
    }
  }
  if (const UdpRelay* relay = socket.relay()) {
    out.relay = takeover::RelayPart{.endpoint = relay->connection().endpoint,
                                    .server = relay->peer().remote,
                                    .local = relay->connection().own.local,
                                    .mtu = relay->connection().mtu};
  }
  return out;
}

FlowPart part_of(const UdpFlow& flow, std::uint32_t socket, Numbering& numbers) {
  const FlowCore& core = flow.core;
  FlowPart out;
  out.socket = socket;
  out.binding = numbers.of(*core.rule);
  out.server = numbers.of(core.server);
  const auto take = [](auto& to, const auto& from) { to = from; };
  each_shared_field(out, core, take);
  each_shared_field(out, flow, take);
  out.device = core.device.text();
  if (core.flow.host != nullptr) {
    out.host = *core.flow.host;
  }
  out.answered = flow.answered != 0;
  out.waiting = flow.marks.waiting;
  out.is_foreign = flow.marks.is_foreign;
  out.is_track_lost = flow.marks.is_track_lost;
  if (const UdpRelay* relay = flow.socket->relay()) {
    out.path = relay->peer().path;
  }
  if (flow.encapsulation) {
    out.encapsulation = *flow.encapsulation;
  }
  return out;
}

}  // namespace

bool Transfer::can_be_handed(const UdpSocket& socket) {
  return socket.descriptor.valid() && (socket.relay() == nullptr || socket.relay()->is_open()) &&
         (socket.decoders() == nullptr ||
          std::all_of(socket.decoders()->begin(), socket.decoders()->end(),
                      [](const DatagramCodec* codec) { return !codec->name().empty(); }));
}

void Transfer::hand_over(WorkerState& out) const {
  parts_.relays.release_parked();
  Numbering numbers(out.part);
  std::map<const UdpSocket*, std::uint32_t> indices;
  out.sockets.reserve(parts_.sockets.all().size());
  out.flows.reserve(parts_.flows.size());
  for (const auto& socket : parts_.sockets.all()) {
    if (!can_be_handed(*socket)) {
      continue;
    }
    indices.emplace(socket.get(), static_cast<std::uint32_t>(out.sockets.size()));
    out.sockets.push_back(part_of(*socket, numbers));
    out.descriptors.push_back(socket->descriptor.get());
    if (socket->relay() != nullptr) {
      out.descriptors.push_back(socket->relay()->connection().control.get());
    }
  }
  parts_.flows.each([&](const UdpFlow& flow) {
    if (const auto at = indices.find(flow.socket); at != indices.end()) {
      out.flows.push_back(part_of(flow, at->second, numbers));
      out.flows.back().queries = parts_.lingering.kept(flow);
    }
  });
  out.part.sockets = static_cast<std::uint32_t>(out.sockets.size());
  out.part.flows = static_cast<std::uint32_t>(out.flows.size());
}

UdpSocket* Transfer::adopt_socket(const SocketPart& part, const RuleEntry& rule,
                                  const SnapshotRef& snapshot, Descriptor socket,
                                  Descriptor control) {
  auto made = std::make_unique<UdpSocket>(parts_.owner);
  made->holder = {.client = part.client, .snapshot = snapshot, .rule = &rule};
  made->local = part.local;
  made->generation = part.generation;
  made->marks.tuned = part.tuned;
  made->marks.source = rule.upstream->profile().source.kind;
  made->marks.is_route_unknown = !rule.upstream->dependencies().empty();
  std::vector<const DatagramCodec*> codecs;
  for (const auto& name : part.codecs) {
    codecs.push_back(codec_named(name));
    if (codecs.back() == nullptr) {
      return nullptr;
    }
  }
  if (!codecs.empty()) {
    made->extras().decoders = std::make_unique<UdpSocket::Codecs>(std::move(codecs));
  }
  UdpSocket* entered = parts_.sockets.adopt(std::move(made), std::move(socket));
  if (entered == nullptr) {
    return nullptr;
  }
  if (part.relay) {
    parts_.admission.adopt_udp_socket();
    UdpRelay::Inherited from;
    from.control = std::move(control);
    from.endpoint = part.relay->endpoint;
    from.local = part.relay->local;
    from.mtu = part.relay->mtu;
    from.server = part.relay->server;
    from.generation = part.generation;
    if (!parts_.relays.adopt(*entered, std::move(from))) {
      parts_.reasons.add(Reason::out_of_descriptors);
    }
  }
  if (!part.only_one_flow) {
    parts_.mappings.share(*entered);
  }
  return entered;
}

UdpFlow* Transfer::adopt_flow(const FlowPart& part, UdpSocket& socket, FlowCore core) {
  if (parts_.flows.find(part.client, part.destination) != nullptr) {
    return nullptr;  // no two flows have the same ends
  }
  if (socket.decoders() != nullptr && !part.encapsulation) {
    return nullptr;  // nothing tells what its datagrams need before their payload
  }
  auto flow = std::make_unique<UdpFlow>(std::move(core));
  flow->socket = &socket;
  each_shared_field(part, *flow, [](const auto& kept, auto& here) { here = kept; });
  flow->marks.waiting = part.waiting;
  flow->marks.is_foreign = part.is_foreign;
  flow->marks.is_track_lost = part.is_track_lost;
  flow->marks.heard = flow->traffic.packets_down != 0;
  if (part.encapsulation) {
    flow->encapsulation = std::make_unique<UdpEncapsulation>(*part.encapsulation);
  }
  ++socket.flows;
  UdpFlow& entered = parts_.flows.insert(std::move(flow));
  if (socket.relay() != nullptr) {
    parts_.relays.join(entered);
  }
  if (entered.traffic.packets_up == 0) {  // the client has not answered, or could not be heard yet
    parts_.peers.adopt(entered);
  } else {
    parts_.intake.adopt(entered.core);
    take_seat(parts_.clients, entered);
  }
  note_inherited(entered.core);
  parts_.lingering.restore(entered, part.queries, part.answered);
  parts_.flows.arm(entered);
  return &entered;
}

void Transfer::adopt(InheritedWorker from, const SnapshotRef& snapshot) {
  const auto entries = snapshot->entries();
  std::vector<UdpSocket*> sockets;
  sockets.reserve(from.sockets.size());
  auto descriptor = from.descriptors.begin();
  for (const SocketPart& part : from.sockets) {
    Descriptor socket = std::move(*descriptor++);
    Descriptor control = part.relay ? std::move(*descriptor++) : Descriptor();
    sockets.push_back(
        adopt_socket(part, entries[part.binding], snapshot, std::move(socket), std::move(control)));
  }
  for (const FlowPart& part : from.flows) {
    UdpSocket* socket = sockets[part.socket];
    if (socket == nullptr) {
      continue;
    }
    FlowCore core;
    core.flow.protocol = Protocol::udp;
    core.flow.worker = parts_.worker;
    each_shared_field(part, core, [](const auto& kept, auto& here) { here = kept; });
    core.snapshot = snapshot;
    core.rule = &entries[part.binding];
    core.device = DeviceRef(part.device);
    core.flow.host = part.host ? std::make_shared<const Host>(*part.host) : nullptr;
    if (part.server != takeover::nobody) {
      core.server = Server::take(from.servers[part.server], core.flow.worker, 0);
    }
    if (socket->relay() != nullptr) {
      socket->relay()->learn(core, part.path);
    }
    UdpFlow* flow = adopt_flow(part, *socket, std::move(core));
    if (flow != nullptr && from.sockets[part.socket].only_one_flow) {
      socket->only = flow;
    }
  }
  for (UdpSocket* socket : sockets) {
    if (socket == nullptr) {
      continue;
    }
    parts_.loop_guard.opened(socket->own());  // by its flow, which it has by now
    if (socket->flows == 0) {
      parts_.sockets.release(*socket);
    }
  }
}

}  // namespace weir
