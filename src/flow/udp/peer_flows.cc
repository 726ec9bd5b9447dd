#include "flow/udp/peer_flows.h"

#include <algorithm>
#include <utility>

#include "base/local_address.h"
#include "flow/destination.h"

namespace weir {
namespace {

constexpr std::size_t max_of_mapping = 64;
// Of one worker: what strangers can make a gateway remember.
constexpr std::size_t max = 16'384;
constexpr std::size_t max_client_sides = 64;

bool is_link_local(const Address& address) {
  const auto& bytes = address.bytes();
  return address.is_v4() ? bytes[12] == 169 && bytes[13] == 254
                         : bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80;
}

}  // namespace

void PeerFlows::note_client_side(std::uint32_t interface) {
  if (interface != 0 && client_sides_.size() < max_client_sides &&
      std::find(client_sides_.begin(), client_sides_.end(), interface) == client_sides_.end()) {
    client_sides_.push_back(interface);
  }
}

bool PeerFlows::may_be_heard_from(const UdpSocket& socket, const Address& peer) const {
  if (peer.is_loopback() || is_link_local(peer)) {
    return false;
  }
  const Surroundings* surroundings = parts_.paths.surroundings();
  if (surroundings == nullptr) {
    return !is_local_address(peer);
  }
  if (surroundings->is_own(peer)) {
    return false;
  }
  const std::uint32_t link = surroundings->interface_of(peer);
  if (link == 0) {
    return true;
  }
  // A relay is elsewhere: a host on a link of ours has no need of it.
  if (socket.relay() != nullptr) {
    return false;
  }
  const Address& client = socket.holder.client.address;
  const bool is_beside_client =
      !surroundings->is_own(client) && surroundings->interface_of(client) == link;
  return !is_beside_client &&
         std::find(client_sides_.begin(), client_sides_.end(), link) == client_sides_.end();
}

// False: no room can be made.
bool PeerFlows::make_room(UdpSocket& socket) {
  std::vector<UdpFlow*>& theirs = socket.extras().unanswered;
  if (theirs.size() < max_of_mapping && count_ < max) {
    return true;
  }
  if (theirs.empty()) {
    parts_.reasons.add(Reason::peer_unanswered);
    return false;
  }
  ++socket.flows;  // the one that is to open, for which the socket stays
  parts_.owner.end(*theirs.front(), End::idle, {});
  --socket.flows;
  return true;
}

UdpFlow* PeerFlows::open(UdpSocket& socket, const Endpoint& peer) {
  if (!takes_new_) {
    parts_.reasons.add(Reason::draining);
    return nullptr;
  }
  if (is_nowhere(peer)) {
    parts_.reasons.add(Reason::invalid_destination);  // an answer could not get there
    return nullptr;
  }
  if (!may_be_heard_from(socket, peer.address)) {
    parts_.reasons.add(Reason::peer_local);
    return nullptr;
  }
  if (!make_room(socket)) {
    return nullptr;
  }
  const Flow flow{.protocol = Protocol::udp,
                  .client = socket.holder.client,
                  .destination = peer,
                  .interface = 0};
  FlowCore core = parts_.intake.open(flow);
  core.snapshot = socket.holder.snapshot;
  core.rule = socket.holder.rule;
  core.remote = peer;
  core.source = socket.local;
  if (socket.relay() != nullptr) {
    Relays::learn(core, socket);
  }
  const bool is_parked =
      socket.marks.is_parked;  // for the client; a stranger changes nothing of that
  Mappings::wake(socket);
  socket.marks.is_parked = is_parked;
  UdpFlow& opened = parts_.flows.insert(std::move(core), socket);
  if (socket.decoders() != nullptr) {
    std::vector<EncapsulationLayer> layers;
    layers.reserve(socket.decoders()->size());
    for (const DatagramCodec* codec : *socket.decoders()) {
      layers.push_back({.codec = codec, .target = {.endpoint = peer, .host = {}}});
    }
    parts_.encapsulation.wrap(opened, layers);
  }
  if (socket.relay() != nullptr) {
    parts_.relays.join(opened);
  }
  adopt(opened);
  parts_.flows.arm(opened);
  return &opened;
}

void PeerFlows::adopt(UdpFlow& flow) {
  flow.marks.unasked = true;
  ++count_;
  flow.socket->extras().unanswered.push_back(&flow);
}

void PeerFlows::forget(UdpFlow& flow) {
  --count_;
  std::erase(flow.socket->extras().unanswered, &flow);
}

}  // namespace weir
