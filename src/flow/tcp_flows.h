// The TCP flows of one worker: accepted by the rules and limits, once their rule is certain
// (flow/tcp_sniffing.h), and kept while they live. A flow
// is destroyed as it ends: what the kernel still tells of its sockets is dropped
// (loop/edge_poll.h).
//
// One per worker; its thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <utility>

#include "base/chained_table.h"
#include "flow/dial_observer.h"
#include "flow/dns_connections.h"
#include "flow/flow_view.h"
#include "flow/refusals.h"
#include "flow/server_first.h"
#include "flow/tcp_flow.h"
#include "flow/tcp_sniffing.h"
#include "intercept/tcp_listener.h"
#include "relay/tcp_relay.h"

namespace weir {

class TcpFlows {
 public:
  struct Parts {
    DialParts dial;
    FlowIntake& intake;
    FlowRecords& records;
    DnsLookups& lookups;
    Port port;            // weir's own, which no flow may be going to on this machine
    std::size_t workers;  // how many there are
  };
  explicit TcpFlows(const Parts& parts);
  ~TcpFlows();

  void accept(Accepted accepted);

  // limits.buffer of the configuration in force.
  void limit_buffer(std::uint64_t bytes) { shared_.max_stashed = bytes; }

  // Those that are held until their rule is certain among them.
  [[nodiscard]] std::size_t size() const { return flows_.size() + sniffing_.size(); }
  void each(const Visit& visit) const;
  // The next ones; see ChainedTable::scan.
  [[nodiscard]] std::uint64_t scan(std::uint64_t at, std::size_t max, const Visit& visit) const;
  // Ends the flow of that number; false: there is none.
  bool end(std::uint64_t sequence, End why);
  // Ends every flow.
  void end_all(End end);
  // For a flow that is over. Destroys it.
  void take_out(TcpFlow& flow) { flows_.extract(flow); }

  // What has moved as bulk since the call before, in bytes.
  [[nodiscard]] std::uint64_t take_bulk_bytes() { return std::exchange(shared_.bulk_bytes, 0); }

  // Of flows that move bulk, or are stuck with it. Any thread.
  [[nodiscard]] std::uint64_t bulk_directions() const { return bulk_.directions(); }

 private:
  struct NumberHash {
    std::uint64_t operator()(std::uint64_t sequence) const { return sequence; }
    std::uint64_t operator()(const TcpFlow& flow) const { return flow.core().sequence; }
  };

  // Whether it is worth while to wait for the host that its client names.
  [[nodiscard]] bool waits_for_host(const Flow& flow, const Snapshot::Choice& looked) const;
  void enter(Accepted accepted, FlowCore core, const TcpSniffing::Seen& seen);
  void refuse(const FlowCore& core, Descriptor& client, End end, std::string_view error);

  Port port_;
  PipePool pipes_;
  BulkShare bulk_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  DnsConnections dns_;
  TcpRelay::Shared shared_;
  // As much as was ever dialled at a time.
  std::pmr::unsynchronized_pool_resource dial_memory_;
  TcpFlow::Parts parts_;
  Refusals refusals_;
  ServerFirst server_first_;
  TcpSniffing sniffing_;
  ChainedTable<TcpFlow, NumberHash> flows_;
};

}  // namespace weir
