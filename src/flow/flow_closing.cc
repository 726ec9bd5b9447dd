#include "flow/flow_closing.h"

#include <utility>

namespace weir {

FlowClosing::FlowClosing(Order order, Clock own_time, std::function<void(std::uint64_t)> done)
    : order_(std::move(order)),
      own_time_(std::move(own_time)),
      done_(std::move(done)),
      walk_([this](const FlowView& flow) { look(flow.core); }, [this]() { has_seen_all_ = true; }) {
}

void FlowClosing::look(const FlowCore& core) {
  if (core.opened <= order_.asked && order_.chosen(core)) {
    chosen_.push_back({core.flow.protocol, FlowTable::Known(core)});
  }
}

// Tables stay as they are while they are looked at. A flow that was chosen may have ended by itself
// since, or with another one: it is found again by what outlives it. The first one ends whatever
// the clock says, so that every step comes further.
bool FlowClosing::step(TcpFlows& tcp, UdpPath& udp) {
  const auto began = own_time_();
  if (chosen_.empty() && !has_seen_all_) {
    static_cast<void>(walk_.step(tcp, udp));
  }
  for (bool is_first = true; !chosen_.empty() && (is_first || own_time_() - began < longest);
       is_first = false) {
    const Chosen next = chosen_.back();
    chosen_.pop_back();
    const bool ended = next.protocol == Protocol::tcp ? tcp.end(next.flow.sequence, order_.why)
                                                      : udp.end(next.flow, order_.why);
    ended_ += ended ? 1 : 0;
  }
  if (!has_seen_all_ || !chosen_.empty()) {
    return true;
  }
  done_(ended_);
  return false;
}

}  // namespace weir
