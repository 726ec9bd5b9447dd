// Ends the live flows of a worker that are chosen, and no others: all are looked at, a few in each
// of its turns, and as many end in a turn as fit into it, so that flows that live on notice
// nothing. What opens after it was asked for is not looked at.
//
// Kept by its next step, until the last. The worker's thread only, wherever it was made.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "account/record.h"
#include "flow/flow_core.h"
#include "flow/flow_walk.h"
#include "flow/udp/flow_table.h"
#include "weir/units.h"

namespace weir {

class FlowClosing {
 public:
  // What one turn may cost, of the thread's own time on a processor: begun before, the last flow
  // still ends.
  static constexpr std::chrono::microseconds longest{4'000};

  struct Order {
    std::function<bool(const FlowCore&)> chosen;
    End why;
    Instant asked;  // when
  };
  using Clock = std::function<std::chrono::microseconds()>;  // the thread's own time
  // `done` is called with how many it has ended.
  FlowClosing(Order order, Clock own_time, std::function<void(std::uint64_t)> done);
  FlowClosing(const FlowClosing&) = delete;
  FlowClosing& operator=(const FlowClosing&) = delete;

  // What fits into one turn; false: it was the last.
  [[nodiscard]] bool step(TcpFlows& tcp, UdpPath& udp);

 private:
  struct Chosen {
    Protocol protocol;
    FlowTable::Known flow;
  };
  void look(const FlowCore& core);

  Order order_;
  Clock own_time_;
  std::function<void(std::uint64_t)> done_;
  FlowWalk walk_;
  bool has_seen_all_ = false;
  std::vector<Chosen> chosen_;  // and not ended yet
  std::uint64_t ended_ = 0;
};

}  // namespace weir
