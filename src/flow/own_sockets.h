// What becomes of the sockets that a dial opens for one flow: they are our own, and the loop guard
// has to know them; and which way policy rules want them to take.
//
// Owned by the TcpFlow or UdpRelay that dials. One worker's thread.
#pragma once

#include <memory>

#include "account/flow_id.h"
#include "account/reason.h"
#include "base/deadlines.h"
#include "base/socket_calls.h"
#include "dial/tcp_dial.h"
#include "flow/in_use.h"
#include "flow/loop_guard.h"
#include "flow/passing.h"
#include "flow/way_choice.h"
#include "loop/edge_poll.h"

namespace weir {

// What a flow's connection is dialled with: one worker's.
struct DialParts {
  EdgePoll& poll;
  Deadlines& deadlines;
  LoopGuard& loop_guard;
  Passing& passing;
  Reasons& reasons;
  WayChoice& ways;
  const InUse& in_use;
  const FlowIds& ids;
  const SocketCalls& calls = kernel_calls;
};

class OwnSockets final : public TcpDial::Witness {
 public:
  // `generation`: of the flow they are opened for.
  OwnSockets(const DialParts& parts, std::uint8_t generation)
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
  [[nodiscard]] int choose_way(const Flow& flow, Route& route) override {
    return parts_.ways.choose(flow, route);
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
