// The clients and flows that move most at the moment, as one worker sees them: every flow is
// counted once, and what it has moved since the scan before is its speed. The gateway puts the
// workers' parts together.
//
// One per worker, on its thread; merge() is the main thread's.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "account/top_talkers.h"
#include "flow/flow_view.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

class TopTalkerScan {
 public:
  // After this long without a scan, what a flow has moved since says nothing about the moment.
  static constexpr std::chrono::seconds stale{10};

  struct Part {
    struct Client {
      std::uint64_t flows = 0;
      std::uint64_t bytes = 0;
      std::uint64_t moved = 0;
      std::string device = {};
    };
    std::unordered_map<Address, Client, AddressHash> clients;
    struct Flow {
      FlowRecord record;
      std::uint64_t moved = 0;
    };
    std::vector<Flow> flows;  // the busiest, in no order
    std::uint64_t flows_total = 0;
    std::chrono::microseconds since{0};  // the scan before; 0: `moved` is since the flows opened
  };

  // Begins a scan; then add() for each flow; then end().
  void begin(Instant now);
  void add(const FlowView& flow);
  [[nodiscard]] Part end();

  [[nodiscard]] static TopTalkers merge(std::vector<Part> parts);

 private:
  // What each flow had moved when it was looked at, by its number: kept here, so that a flow that
  // is never looked at pays nothing for it. Memory that goes at once, not flow by flow.
  struct Seen {
    std::pmr::monotonic_buffer_resource memory;
    std::pmr::unordered_map<std::uint64_t, std::uint64_t> bytes{&memory};
  };
  [[nodiscard]] std::uint64_t seen_before(std::uint64_t sequence) const;

  std::optional<Instant> last_;
  std::unique_ptr<Seen> before_;  // of the last look, where it is not stale
  std::unique_ptr<Seen> now_;
  Part part_;
};

}  // namespace weir
