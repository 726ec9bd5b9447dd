// The UDP flows of one worker: found by (client, destination), kept while they live, each with its
// deadline.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/chained_table.h"
#include "base/timer_wheel.h"
#include "flow/udp/udp_flow.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

[[nodiscard]] inline std::uint64_t flow_hash(const Endpoint& client, const Endpoint& destination) {
  return hash_of(client) ^ (hash_of(destination) * 0x9e3779b97f4a7c15U);
}

struct FlowEnds {
  Endpoint client;
  Endpoint destination;
  friend bool operator==(const FlowEnds&, const FlowEnds&) = default;
};
struct FlowEndsHash {
  std::size_t operator()(const FlowEnds& ends) const {
    return flow_hash(ends.client, ends.destination);
  }
};

class FlowTable {
 public:
  FlowTable(TimerWheel& timers, const Instant& now) : timers_(timers), now_(now) {}

  // Null: there is none.
  [[nodiscard]] UdpFlow* find(const Endpoint& client, const Endpoint& destination) const;
  // A flow by what outlives it; null: it has ended.
  struct Known {
    explicit Known(const FlowCore& core)
        : client(core.flow.client), destination(core.flow.destination), sequence(core.sequence) {}
    explicit Known(const UdpFlow& flow) : Known(flow.core) {}
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
  void arm(UdpFlow& flow) { flow.arm(timers_, due(flow), now_); }
  // When it is over, if nothing comes.
  [[nodiscard]] static Instant due(const UdpFlow& flow);

  // From now on flows that open are served, and are not counted().
  void begin_bypass() { is_bypassing_ = true; }
  [[nodiscard]] std::size_t counted() const { return flows_.size() - uncounted_; }
  [[nodiscard]] std::size_t size() const { return flows_.size(); }
  // REQUIRES: `visit` leaves the table as it is.
  template <typename Visit>
  void each(const Visit& visit) const {
    flows_.each(visit);
  }
  // The next ones; see ChainedTable::scan.
  template <typename Visit>
  [[nodiscard]] std::uint64_t scan(std::uint64_t at, std::size_t max, const Visit& visit) const {
    return flows_.scan(at, max, visit);
  }

 private:
  struct Hash {
    std::uint64_t operator()(const UdpFlow& flow) const {
      return flow_hash(flow.core.flow.client, flow.core.flow.destination);
    }
  };

  TimerWheel& timers_;
  const Instant& now_;
  ChainedTable<UdpFlow, Hash> flows_;
  std::size_t uncounted_ = 0;  // of flows_
  bool is_bypassing_ = false;
};

}  // namespace weir
