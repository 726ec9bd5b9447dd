// UDP flows on their way from one process to the next.
//
// A flow is its socket and what is known of it. The socket is handed over open, so the server sees
// the same source as before and what it sends meanwhile waits in the kernel; so do the client's
// datagrams, in the listener. What this process has read already it sends before it hands over. A
// relay goes along with the connection that it lives by. Reply sockets do not: whoever needs one
// makes it.
//
// What cannot be handed over ends here as `drained`: flows whose relay is still being opened (what
// waits for it is counted), and those in a format that has no name.
#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <utility>

#include "gateway/udp_flows.h"

namespace weir {
namespace {

using takeover::FlowPart;
using takeover::SocketPart;
using takeover::WorkerPart;

bool can_be_handed(const UdpSocket& socket) {
  return socket.descriptor.valid() && (socket.relay == nullptr || socket.relay->is_open()) &&
         (socket.unwrapped == nullptr ||
          std::all_of(socket.unwrapped->begin(), socket.unwrapped->end(),
                      [](const DatagramCodec* codec) { return !codec->name().empty(); }));
}

// Gives everything that many flows share a number.
class Numbering {
 public:
  explicit Numbering(WorkerPart& part) : part_(part) {}

  std::uint32_t of(const RuleEntry& rule) {
    const auto next = static_cast<std::uint32_t>(part_.ways.size());
    const auto [at, is_new] = ways_.try_emplace(&rule, next);
    if (is_new) {
      part_.ways.push_back({.rule = rule.name,
                            .upstream = rule.upstream->name(),
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
  std::map<const RuleEntry*, std::uint32_t> ways_;
  std::map<const Server*, std::uint32_t> servers_;
};

SocketPart part_of(const UdpSocket& socket, Numbering& numbers) {
  SocketPart out;
  out.client = socket.client;
  out.way = numbers.of(*socket.rule);
  out.local = socket.local;
  out.generation = socket.generation;
  out.only_one_flow = socket.only_flow != nullptr;
  out.tuned = socket.tuned;
  if (socket.unwrapped != nullptr) {
    for (const DatagramCodec* codec : *socket.unwrapped) {
      out.codecs.emplace_back(codec->name());
    }
  }
  if (const UdpRelay* relay = socket.relay.get()) {
    out.has_relay = true;
    out.relay = {.endpoint = relay->endpoint(),
                 .server = relay->way().remote,
                 .local = relay->local(),
                 .mtu = relay->mtu()};
  }
  return out;
}

FlowPart part_of(const UdpFlow& flow, std::uint32_t socket, Numbering& numbers) {
  const FlowCore& core = flow.core;
  FlowPart out;
  out.socket = socket;
  out.way = numbers.of(*core.rule);
  out.server = numbers.of(core.server);
  out.number = core.sequence;
  out.client = core.flow.client;
  out.destination = core.flow.destination;
  out.interface = core.flow.interface;
  out.remote = core.remote;
  out.source = core.source;
  out.generation = core.generation;
  out.attempts = core.attempts;
  out.opened = core.opened;
  out.last_activity = flow.last_activity;
  out.answered = flow.answered != 0;
  out.first_byte_us = core.first_byte_us;
  out.bytes_up = flow.bytes_up;
  out.bytes_down = flow.bytes_down;
  out.packets_up = flow.packets_up;
  out.packets_down = flow.packets_down;
  if (core.path) {
    out.path = *core.path;
  }
  if (const UdpWrapping* wrapping = flow.wrapping.get()) {
    out.is_wrapped = true;
    out.wrapping = {.first = wrapping->first,
                    .rest = wrapping->rest,
                    .begun = wrapping->begun,
                    .peer = wrapping->peer,
                    .room = wrapping->room,
                    .connect_us = wrapping->connect_us,
                    .handshake_us = wrapping->handshake_us};
  }
  return out;
}

}  // namespace

void UdpFlows::hand_over(HandedWorker& out) {
  flush_to_servers();
  end_turn();
  release_resting();
  Numbering numbers(out.part);
  std::map<const UdpSocket*, std::uint32_t> places;
  out.sockets.reserve(sockets_.size());
  out.flows.reserve(flows_.size());
  for (const auto& socket : sockets_) {
    if (!can_be_handed(*socket)) {
      continue;
    }
    places.emplace(socket.get(), static_cast<std::uint32_t>(out.sockets.size()));
    out.sockets.push_back(part_of(*socket, numbers));
    out.descriptors.push_back(socket->descriptor.get());
    if (socket->relay) {
      out.descriptors.push_back(socket->relay->control());
    }
  }
  flows_.each([&](const UdpFlow& flow) {
    if (const auto at = places.find(flow.socket); at != places.end()) {
      out.flows.push_back(part_of(flow, at->second, numbers));
    }
  });
  out.part.sockets = static_cast<std::uint32_t>(out.sockets.size());
  out.part.flows = static_cast<std::uint32_t>(out.flows.size());
}

void UdpFlows::let_go() {
  std::vector<UdpFlow*> handed;
  std::vector<UdpFlow*> left;
  flows_.each(
      [&](UdpFlow& flow) { (can_be_handed(*flow.socket) ? handed : left).push_back(&flow); });
  for (UdpFlow* flow : left) {
    if (flow->socket->relay) {
      services_.reasons().add(Reason::draining, flow->socket->relay->kept_of(*flow));
    }
    end(*flow, End::drained, "its relay was not open when another process took over");
  }
  // Closing would not do: the successor holds the sockets, too, so they would be watched on.
  for (const auto& socket : sockets_) {
    services_.poll().remove(socket->descriptor.get());
    if (socket->relay) {
      services_.poll().remove(socket->relay->control());
      withdraw_relay(*socket);  // it is the successor's
    }
  }
  for (UdpFlow* flow : handed) {
    take_out(*flow);
  }
  reply_sockets_.clear();
}

}  // namespace weir
