#include "flow/flow_walk.h"

#include <utility>

namespace weir {

FlowWalk::FlowWalk(Visit see, std::function<void()> done)
    : see_(std::move(see)), done_(std::move(done)) {}

bool FlowWalk::step(const TcpFlows& tcp, const UdpPath& udp) {
  if (!past_tcp_) {
    at_ = tcp.scan(at_, max_in_a_turn, see_);
    past_tcp_ = at_ == 0;
    return true;
  }
  at_ = udp.scan(at_, max_in_a_turn, see_);
  if (at_ != 0) {
    return true;
  }
  done_();
  return false;
}

}  // namespace weir
