// The clients and flows that move most at the moment, as one worker sees them: every flow is looked
// at once, and what it has moved since the look before is its speed. The gateway puts the workers'
// parts together.
//
// One per worker, on its thread; merge() is the main thread's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "account/busiest.h"
#include "flow/flow_view.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

class BusyLook {
 public:
  // After this long without a look, what a flow has moved since says nothing about the moment.
  static constexpr std::chrono::seconds stale{10};

  struct Part {
    struct Client {
      std::uint64_t flows = 0;
      std::uint64_t bytes = 0;
      std::uint64_t moved = 0;
    };
    std::unordered_map<Address, Client, AddressHash> clients;
    struct Flow {
      FlowRecord record;
      std::uint64_t moved = 0;
    };
    std::vector<Flow> flows;  // the busiest, in no order
    std::uint64_t flows_total = 0;
    std::chrono::microseconds since{0};  // the look before; 0: `moved` is since the flows opened
  };

  // Begins a look; then look_at() for each flow; then end().
  void begin(Instant now);
  void look_at(const FlowView& flow);
  [[nodiscard]] Part end();

  [[nodiscard]] static Busiest merge(std::vector<Part> parts);

 private:
  std::optional<Instant> last_;
  Part part_;
};

}  // namespace weir
