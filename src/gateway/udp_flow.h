// One UDP flow (client ip:port, destination ip:port) and the server-side socket it goes through,
// which it shares with the client's other flows when the mapping is per-client. Plain state;
// UdpFlows drives it.
//
// One worker's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/deadlines.h"
#include "base/descriptor.h"
#include "gateway/flow_core.h"
#include "gateway/loop_guard.h"
#include "gateway/udp_relay.h"
#include "loop/edge_poll.h"
#include "relay/datagram_queue.h"

namespace weir {

class UdpFlows;
class UdpFlow;

// What stands before the payload of a flow's datagrams.
struct UdpWrapping {
  std::string first;  // before the first one
  std::string rest;   // before the others
  bool begun = false;
  Endpoint peer;                // who answers, as a relay names it; port 0: anybody
  std::size_t room = SIZE_MAX;  // payload bytes that fit one packet without a header
  // Of the relay, where the flow waited for one.
  std::int64_t connect_us = FlowRecord::unknown;
  std::int64_t handshake_us = FlowRecord::unknown;
};

// A server-side socket: a mapping (RFC 4787) while it serves one client ip:port towards anyone, or
// a connected socket of a single flow.
class UdpSocket final : public EdgePoll::Watcher {
 public:
  using Codecs = const std::vector<const DatagramCodec*>;

  explicit UdpSocket(UdpFlows& owner) : all(owner) {}
  void on_events(std::uint32_t events) override;

  UdpFlows& all;
  Endpoint client;
  Endpoint local;
  Descriptor descriptor;
  std::uint32_t place = 0;  // in UdpFlows::sockets_
  std::uint32_t flows = 0;
  std::uint8_t generation = 0;        // LoopGuard's
  std::uint8_t received = 0;          // until it is tuned
  bool tuned = false;                 // set up for many datagrams
  bool is_mapping = false;            // in UdpFlows::mappings_
  UdpFlow* only_flow = nullptr;       // of a socket with one flow
  std::unique_ptr<UdpRelay> relay;    // through which its datagrams go; else null
  std::unique_ptr<Codecs> unwrapped;  // what undoes the wrappings, the outermost first; null: none
  // What a flow that a new peer opens is counted for: as the mapping's first flow was.
  std::shared_ptr<const Snapshot> snapshot;
  const RuleEntry* rule = nullptr;
  UdpSocket* chained = nullptr;  // in UdpFlows::mappings_

  // What undoes the route's wrappings; null where it has none.
  [[nodiscard]] static std::unique_ptr<Codecs> codecs_of(const Route& route);
  // Connected to the one peer it has; else every datagram names its peer.
  [[nodiscard]] bool is_connected() const { return only_flow != nullptr && relay == nullptr; }
  [[nodiscard]] LoopGuard::OwnSocket own() const;
};

// There may be a hundred thousand of them: what few flows need lives elsewhere.
class UdpFlow final : private Deadlines::Entry, public DatagramQueue::Sender {
 public:
  explicit UdpFlow(FlowCore flow_core) : core(std::move(flow_core)) {}

  void arm(Deadlines& deadlines, Instant when, Instant now) { deadlines.set(*this, when, now); }
  void disarm(Deadlines& deadlines) { deadlines.cancel(*this); }

  [[no_unique_address]] FlowCore core;  // the three below fit into what alignment leaves of it
  bool over : 1 = false;
  bool late : 1 = false;       // opened while the gateway drains
  bool waiting : 1 = false;    // something was sent up since the last answer
  std::uint32_t answered = 0;  // its place among the answered DNS flows; 0: it is not one
  UdpSocket* socket = nullptr;
  std::unique_ptr<UdpWrapping> wrapping;  // null: datagrams go bare
  std::unique_ptr<UdpFlow> chained;       // in UdpFlows::flows_
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint64_t packets_up = 0;
  std::uint64_t packets_down = 0;
  Instant last_activity;

 private:
  void on_deadline(Instant now) override;
};

}  // namespace weir
