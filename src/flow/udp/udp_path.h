// The UDP side of one worker: intercepted datagrams to the upstream side, answers back to the
// client, and the ends of flows. Owns the parts and wires them; src/README.md tells a datagram's
// way through them.
//
// One per worker; its thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "account/reason.h"
#include "base/datagram_batch.h"
#include "base/socket_calls.h"
#include "base/surroundings.h"
#include "flow/clients.h"
#include "flow/dial_observer.h"
#include "flow/dns_lookups.h"
#include "flow/flow_intake.h"
#include "flow/flow_records.h"
#include "flow/flow_view.h"
#include "flow/udp/client_datagrams.h"
#include "flow/udp/encapsulation.h"
#include "flow/udp/failover.h"
#include "flow/udp/flow_opening.h"
#include "flow/udp/flow_table.h"
#include "flow/udp/icmp_replies.h"
#include "flow/udp/lingering.h"
#include "flow/udp/mappings.h"
#include "flow/udp/paths.h"
#include "flow/udp/peer_flows.h"
#include "flow/udp/relays.h"
#include "flow/udp/renewal.h"
#include "flow/udp/replier.h"
#include "flow/udp/sender.h"
#include "flow/udp/server_sockets.h"
#include "flow/udp/transfer.h"
#include "flow/udp/udp_flow.h"
#include "flow/udp/widths.h"
#include "intercept/udp_listener.h"
#include "takeover/worker_state.h"

namespace weir {

class UdpPath final : private UdpOwner {
 public:
  struct Parts {
    DialParts dial;
    FlowIntake& intake;
    FlowRecords& records;
    DnsLookups& lookups;
    Clients& clients;
    Admission& admission;
    Log& log;
    const Instant& now;
    std::uint16_t worker;
    Port port;           // weir's own
    std::uint32_t mark;  // the bypass-mark
    const SocketCalls& calls = kernel_calls;
  };
  explicit UdpPath(const Parts& parts);
  ~UdpPath();
  UdpPath(const UdpPath&) = delete;
  UdpPath& operator=(const UdpPath&) = delete;

  // From the listeners.
  void on_datagrams(std::span<const InterceptedDatagram> datagrams) { arrivals_.take(datagrams); }
  // Sends the answers gathered in this turn.
  void end_turn();
  // Addresses, routes or links of the router are others now: what each socket is bound to is looked
  // at again with its next datagram.
  void network_changed(std::shared_ptr<const Surroundings> surroundings);

  // From now on only the flows that live are served; datagrams of others are counted as refused.
  void take_no_new();
  // From now on flows that open are served, and are not counted() among the flows.
  void begin_bypass();
  [[nodiscard]] FlowTable& flows() { return flows_; }
  // Shows the next flows; see ChainedTable::scan.
  [[nodiscard]] std::uint64_t scan(std::uint64_t at, std::size_t max, const Visit& visit) const;

  // For a successor: everything about flows and sockets that live; and forgets them without a word,
  // once they are the successor's.
  void hand_over(WorkerState& out);
  void let_go();
  // Goes on with another process's. `snapshot`: Snapshot::Maker::for_inherited of the worker's
  // bindings.
  void adopt(InheritedWorker from, const SnapshotRef& snapshot) {
    transfer_.adopt(std::move(from), snapshot);
  }

  // Ends the flow of that number; false: there is none.
  bool end(std::uint64_t sequence, End why);
  bool end(const FlowTable::Known& known, End why);
  void end_all(End why);

  // What has moved since the call before.
  struct Moved {
    DatagramBatch::Count answers;  // a run of a GSO sender is one
    std::uint64_t merged = 0;      // datagrams that have left in another's message
  };
  [[nodiscard]] Moved take_moved() {
    return {replier_.take_count(), sender_.take_merged() + replier_.take_merged()};
  }

 private:
  void on_events(UdpSocket& socket, std::uint32_t events) override;
  void on_deadline(UdpFlow& flow, Instant now) override;
  void on_unreachable(UdpFlow& flow, int code) override;
  void on_no_route(UdpFlow& flow, int code) override;
  void end(UdpFlow& flow, End why, std::string_view error) override;

  [[nodiscard]] FlowRecord record(const UdpFlow& flow) const;
  void take_out(UdpFlow& flow);
  bool leave(UdpSocket& socket);

  Parts parts_;
  Paths paths_;
  Mappings mappings_;
  IcmpReplies icmp_;
  Widths widths_;
  Encapsulation encapsulation_;
  FlowTable flows_;
  ServerSockets sockets_;
  Sender sender_;
  Relays relays_;
  Lingering lingering_;
  PeerFlows peers_;
  Replier replier_;
  Failover failover_;
  Renewal renewal_;
  FlowOpening opening_;
  ClientDatagrams arrivals_;
  Transfer transfer_;
};

}  // namespace weir
