// One UDP flow (client ip:port, destination ip:port) and the server-side socket it goes through,
// which it shares with the client's other flows when the mapping is per-client. Plain state.
//
// Flows are owned by FlowTable, sockets by ServerSockets; the worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/timer_wheel.h"
#include "flow/clients.h"
#include "flow/flow_core.h"
#include "flow/loop_guard.h"
#include "flow/udp/pending_queries.h"
#include "flow/udp/udp_relay.h"
#include "loop/edge_poll.h"
#include "relay/datagram_queue.h"
#include "takeover/messages.h"

namespace weir {

class UdpFlow;
class UdpSocket;
class ParkedMapping;

// The poll, the timing wheel and the parts of the UDP side call it with what concerns a flow as a
// whole. It is the UdpPath.
class UdpOwner {
 public:
  virtual void on_events(UdpSocket& socket, std::uint32_t events) = 0;
  virtual void on_deadline(UdpFlow& flow, Instant now) = 0;
  // An ICMP error says that the server side cannot be reached, or the router itself has no route
  // there; `code` as errno. May end the flow.
  virtual void on_unreachable(UdpFlow& flow, int code) = 0;
  virtual void on_no_route(UdpFlow& flow, int code) = 0;
  // Ends the flow: its record, its counters, its place in every table. Destroys it, and its socket
  // unless that serves others, is to stay without a flow, or is held.
  virtual void end(UdpFlow& flow, End why, std::string_view error) = 0;

 protected:
  ~UdpOwner() = default;
};

// What few server-side sockets have.
struct UdpSocketExtra {
  using Codecs = const std::vector<const DatagramCodec*>;

  std::unique_ptr<Codecs> decoders;  // what undoes the layers, the outermost first; null: none
  // Of another upstream than the rule's own: a group's member, the first of a chain. Else null.
  const SocketOptions* options = nullptr;
  std::vector<UdpFlow*> unanswered;  // that peers opened and the client has not answered, by age
  std::unique_ptr<ParkedMapping> parked;
  std::unique_ptr<UdpRelay> relay;  // through which its datagrams go; else null

  UdpSocketExtra();
  ~UdpSocketExtra();
  UdpSocketExtra(const UdpSocketExtra&) = delete;
  UdpSocketExtra& operator=(const UdpSocketExtra&) = delete;
};

using takeover::UdpEncapsulation;

// What has become of a server-side socket so far, in three bytes.
struct UdpSocketMarks {
  std::uint8_t received = 0;                    // until it is tuned
  std::uint8_t looked_at = 0;                   // in which state of the network (Paths) it fits
  SourceKind source : 2 = SourceKind::gateway;  // what it was bound to
  bool is_route_unknown : 1 = false;  // by which of several upstreams it goes: it was inherited
  bool tuned : 1 = false;             // set up for many datagrams
  bool is_mapping : 1 = false;        // in Mappings
  bool is_parked : 1 = false;         // without a flow, is to stay for a while
};

// A server-side socket: a mapping (RFC 4787) while it serves one client ip:port towards any peer,
// or a connected socket of a single flow.
class UdpSocket final : public EdgePoll::Watcher {
 public:
  using Codecs = UdpSocketExtra::Codecs;

  explicit UdpSocket(UdpOwner& of) : owner(of) {}
  void on_events(std::uint32_t events) override { owner.on_events(*this, events); }

  // Whose it is, and what a flow that a new peer opens is counted for: as its first flow was.
  struct Holder {
    Endpoint client;
    SnapshotRef snapshot;
    const RuleEntry* rule = nullptr;
  };

  UdpOwner& owner;
  Holder holder;
  Endpoint local;
  Descriptor descriptor;
  EdgePoll::Watch watch;
  std::uint32_t index = 0;  // among ServerSockets' own
  std::uint32_t flows = 0;
  std::uint8_t generation = 0;  // LoopGuard's
  UdpSocketMarks marks;
  std::unique_ptr<UdpSocketExtra> extra;  // what few sockets have
  union {
    UdpFlow* only = nullptr;  // of a socket that is no mapping
    UdpSocket* chained;       // of one that is, in Mappings
  };

  // The client of that flow holds it.
  void hold_for(const FlowCore& core) {
    holder = {.client = core.flow.client, .snapshot = core.snapshot, .rule = core.rule};
  }
  // Remembers what undoes the route's layers.
  void set_decoders(const Route& route);
  // Remembers what the route bound it to.
  void note_route(const Route& route);
  // The route to `remote` that it was opened for: what another such socket needs.
  [[nodiscard]] Route route_to(const Endpoint& remote) const;
  // What undoes the layers, the outermost first; null: none.
  [[nodiscard]] Codecs* decoders() const { return extra ? extra->decoders.get() : nullptr; }
  // Through which its datagrams go; null: none.
  [[nodiscard]] UdpRelay* relay() const { return extra ? extra->relay.get() : nullptr; }
  [[nodiscard]] const SocketOptions& options() const {
    return extra && extra->options != nullptr ? *extra->options
                                              : holder.rule->upstream->profile().options;
  }
  [[nodiscard]] UdpSocketExtra& extras() {
    if (!extra) {
      extra = std::make_unique<UdpSocketExtra>();
    }
    return *extra;
  }
  // Connected to the one peer it has; else every datagram names its peer.
  [[nodiscard]] bool is_connected() const { return only_flow() != nullptr && relay() == nullptr; }
  // Of a socket with one flow; null: it is a mapping, or has none at the moment.
  [[nodiscard]] UdpFlow* only_flow() const { return marks.is_mapping ? nullptr : only; }
  [[nodiscard]] LoopGuard::OwnSocket own() const;
};

inline constexpr Port dns_port = 53;

// What has happened to a flow so far, in one byte.
struct UdpFlowMarks {
  bool late : 1 = false;           // opened while the gateway drains
  bool waiting : 1 = false;        // something was sent up since the last answer
  bool unasked : 1 = false;        // a peer opened it, and the client has not sent anything yet
  bool heard : 1 = false;          // the server has answered
  bool asks_here : 1 = false;      // a relay on this router, for its destination
  bool is_foreign : 1 = false;     // something it carried to or from port 53 was no DNS
  bool is_track_lost : 1 = false;  // it had more queries open than are kept
};

// There may be a hundred thousand of them: what few flows need lives elsewhere.
class UdpFlow final : private TimerWheel::Entry,
                      public DatagramQueue::Sender,
                      public Clients::Seat {
 public:
  explicit UdpFlow(FlowCore flow_core) : core(std::move(flow_core)) {}

  void arm(TimerWheel& timers, Instant when, Instant now) { timers.set(*this, when, now); }
  void disarm(TimerWheel& timers) { timers.cancel(*this); }
  // Its list among its client's flows.
  [[nodiscard]] Clients::Kind kind() const {
    return marks.heard ? Clients::Kind::answered : Clients::Kind::unanswered;
  }

  [[nodiscard]] bool is_to_dns_port() const { return core.flow.destination.port == dns_port; }
  // It goes to port 53, and nothing it carried was anything but DNS.
  [[nodiscard]] bool is_dns() const { return is_to_dns_port() && !marks.is_foreign; }

  [[no_unique_address]] FlowCore core;  // the two below fit into what alignment leaves of it
  UdpFlowMarks marks;
  std::uint32_t answered = 0;  // its place among the answered DNS flows; 0: it is not one
  UdpSocket* socket = nullptr;
  std::unique_ptr<UdpEncapsulation> encapsulation;  // null: datagrams have no header
  std::unique_ptr<UdpFlow> chained;                 // in FlowTable
  Traffic traffic;
  Instant last_activity;

 private:
  void on_deadline(Instant now) override { socket->owner.on_deadline(*this, now); }
};

}  // namespace weir
