// A look at all live flows of a worker, a few in each of its turns, so that what is asked of us
// never holds up what we are here for. Flows that live from its beginning to its end are seen once;
// those that open or end meanwhile may be or not.
//
// Kept by its next step, until the last. The worker's thread only, wherever it was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "flow/flow_view.h"
#include "flow/tcp_flows.h"
#include "flow/udp/udp_path.h"

namespace weir {

class FlowWalk {
 public:
  static constexpr std::size_t max_in_a_turn = 256;

  // Sees each flow, then `done` is called.
  FlowWalk(Visit see, std::function<void()> done);

  // What fits into one turn; false: it was the last.
  [[nodiscard]] bool step(const TcpFlows& tcp, const UdpPath& udp);

 private:
  Visit see_;
  std::function<void()> done_;
  bool past_tcp_ = false;
  std::uint64_t at_ = 0;
};

}  // namespace weir
