// The UDP flows of one worker: found by (client, destination), kept while they live, each with its
// deadline.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/chained_table.h"
#include "base/deadlines.h"
#include "flow/udp/udp_flow.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

[[nodiscard]] inline std::uint64_t flow_hash(const Endpoint& client, const Endpoint& destination) {
  return hash_of(client) ^ (hash_of(destination) * 0x9e3779b97f4a7c15U);
}

class FlowTable {
 public:
  FlowTable(Deadlines& deadlines, const Instant& now) : deadlines_(deadlines), now_(now) {}

  // Null: there is none.
  [[nodiscard]] UdpFlow* find(const Endpoint& client, const Endpoint& destination) const;
  // A flow by what outlives it; null: it has ended.
  struct Known {
    explicit Known(const UdpFlow& flow)
        : client(flow.core.flow.client),
          destination(flow.core.flow.destination),
          sequence(flow.core.sequence) {}
    Endpoint client;
    Endpoint destination;
    std::uint64_t sequence;
  };
  [[nodiscard]] UdpFlow* find(const Known& flow) const;

  // A flow through that socket, which has one more from now on; its server counts it.
  // REQUIRES: there is none with these ends.
  UdpFlow& insert(FlowCore core, UdpSocket& socket);
  // The same for one that is made already, and that a server has counted.
  UdpFlow& insert(std::unique_ptr<UdpFlow> flow);
  // Takes it out. Its socket still counts it, and may still refer to it.
  std::unique_ptr<UdpFlow> extract(UdpFlow& flow);

  // Sets the flow's deadline anew.
  void arm(UdpFlow& flow) { flow.arm(deadlines_, due(flow), now_); }
  // When it is over, if nothing comes.
  [[nodiscard]] static Instant due(const UdpFlow& flow);

  // From now on flows that open are served, and do not count as lasting().
  void expect_no_new() { is_late_ = true; }
  [[nodiscard]] std::size_t lasting() const { return flows_.size() - late_; }
  [[nodiscard]] std::size_t size() const { return flows_.size(); }
  // REQUIRES: `visit` leaves the table as it is.
  template <typename Visit>
  void each(const Visit& visit) const {
    flows_.each(visit);
  }
  // The next ones; see ChainedTable::scan.
  template <typename Visit>
  [[nodiscard]] std::uint64_t scan(std::uint64_t at, std::size_t most, const Visit& visit) const {
    return flows_.scan(at, most, visit);
  }

 private:
  struct Hash {
    std::uint64_t operator()(const UdpFlow& flow) const {
      return flow_hash(flow.core.flow.client, flow.core.flow.destination);
    }
  };

  Deadlines& deadlines_;
  const Instant& now_;
  ChainedTable<UdpFlow, Hash> flows_;
  std::size_t late_ = 0;  // of flows_
  bool is_late_ = false;
};

}  // namespace weir
