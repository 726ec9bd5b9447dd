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
};

// A server-side socket: a mapping (RFC 4787) while it serves one client ip:port towards anyone, or
// a connected socket of a single flow.
class UdpSocket final : public EdgePoll::Watcher {
 public:
  explicit UdpSocket(UdpFlows& owner) : all(owner) {}
  void on_events(std::uint32_t events) override;

  UdpFlows& all;
  Descriptor descriptor;
  Endpoint client;
  LoopGuard::OwnSocket own;
  UdpFlow* only_flow = nullptr;              // of a socket with one flow
  std::unique_ptr<UdpRelay> relay;           // through which its datagrams go; else null
  std::vector<const DatagramCodec*> codecs;  // the outermost first
  // What a flow that a new peer opens is counted for: as the mapping's first flow was.
  std::shared_ptr<const Snapshot> snapshot;
  const RuleEntry* rule = nullptr;
  std::size_t place = 0;  // in UdpFlows::sockets_
  std::uint32_t flows = 0;
  std::uint32_t received = 0;
  bool tuned = false;  // set up for many datagrams

  // Connected to the one peer it has; else every datagram names its peer.
  [[nodiscard]] bool is_connected() const { return only_flow != nullptr && relay == nullptr; }
};

class UdpFlow final : private Deadlines::Entry {
 public:
  UdpFlow(UdpFlows& owner, FlowCore flow_core)
      : all(owner), core(std::move(flow_core)), up(*this), down(*this) {}

  void arm(Deadlines& deadlines, Instant when, Instant now) { deadlines.set(*this, when, now); }
  void disarm(Deadlines& deadlines) { deadlines.cancel(*this); }

  // What became of this flow's datagrams in either direction.
  struct Up final : DatagramQueue::Sender {
    explicit Up(UdpFlow& owner) : flow(owner) {}
    void on_sent(std::uint64_t datagrams, std::uint64_t bytes) override;
    void on_not_sent(std::uint64_t datagrams, int code) override;
    UdpFlow& flow;
  };
  struct Down final : DatagramQueue::Sender {
    explicit Down(UdpFlow& owner) : flow(owner) {}
    void on_sent(std::uint64_t datagrams, std::uint64_t bytes) override;
    void on_not_sent(std::uint64_t datagrams, int code) override;
    UdpFlow& flow;
  };

  UdpFlows& all;
  FlowCore core;
  UdpSocket* socket = nullptr;
  std::unique_ptr<UdpWrapping> wrapping;  // null: datagrams go bare
  Up up;
  Down down;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint64_t packets_up = 0;
  std::uint64_t packets_down = 0;
  Instant last_activity;
  bool over = false;
  // Among the answered DNS flows, the one answered before and after this one (UdpFlows::Answered).
  UdpFlow* answered_before = nullptr;
  UdpFlow* answered_after = nullptr;
  bool answered = false;

 private:
  void on_deadline(Instant now) override;
};

}  // namespace weir
