// What becomes of the sockets that a dial opens for one flow: they are our own, and the loop guard
// has to know them; and which egress policy rules choose for them.
//
// Owned by the TcpFlow or UdpRelay that dials. One worker's thread.
#pragma once

#include <memory>

#include "account/flow_id.h"
#include "account/reason.h"
#include "base/socket_calls.h"
#include "base/timer_wheel.h"
#include "dial/tcp_dial.h"
#include "flow/egress_choice.h"
#include "flow/in_use.h"
#include "flow/loop_guard.h"
#include "flow/passing.h"
#include "loop/edge_poll.h"

namespace weir {

// What a flow's connection is dialled with: one worker's.
struct DialParts {
  EdgePoll& poll;
  TimerWheel& timers;
  LoopGuard& loop_guard;
  Passing& passing;
  Reasons& reasons;
  EgressChoice& egress;
  const InUse& in_use;
  const FlowIds& ids;
  const SocketCalls& calls = kernel_calls;
};

class DialObserver final : public TcpDial::SocketObserver {
 public:
  // `generation`: of the flow they are opened for.
  DialObserver(const DialParts& parts, std::uint8_t generation)
      : parts_(parts), generation_(generation) {}

  // A connection of that generation, as the loop guard knows it.
  [[nodiscard]] static LoopGuard::OwnSocket known(const TcpDial::Ends& ends,
                                                  std::uint8_t generation) {
    return {Protocol::tcp, ends.local, ends.remote, generation};
  }
  [[nodiscard]] LoopGuard::OwnSocket known(const TcpDial::Ends& ends) const {
    return known(ends, generation_);
  }

 private:
  [[nodiscard]] std::unique_ptr<Memory> remember(const Route& route) override {
    return parts_.passing.remember(route, *parts_.in_use.snapshot);
  }
  void on_source_port_taken() override { parts_.reasons.add(Reason::source_port_taken); }
  [[nodiscard]] int choose_egress(const Flow& flow, Route& route) override {
    return parts_.egress.choose(flow, route);
  }
  void on_socket_opened(const TcpDial::Ends& ends) override {
    parts_.loop_guard.opened(known(ends));
  }
  void on_socket_closed(const TcpDial::Ends& ends) override {
    parts_.loop_guard.closed(known(ends));
  }

  const DialParts& parts_;  // outlive it
  std::uint8_t generation_;
};

}  // namespace weir
