// UDP flows whose rule depends on the host that their client names: what a QUIC client sends first
// (RFC 9000, section 17.2.2) is held until it says a name, says that there is none, meets the
// bounds of sniff/quic_initial.h, or timeouts.sniff is over. Then the flow opens, by the rules in
// force at that moment, and all of it goes on as it came and in its order. What begins in another
// way goes on at once, and nothing of it is held.
//
// Of what is held a worker has 1,024 flows at most, with less than 10 KiB each. It is no flow yet:
// it has no record and counts against no other limit.
//
// Part of the ClientDatagrams; its worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <unordered_map>

#include "account/reason.h"
#include "base/timer_wheel.h"
#include "flow/flow_intake.h"
#include "flow/udp/flow_table.h"
#include "flow/udp/refused_hosts.h"
#include "intercept/udp_listener.h"
#include "weir/host.h"
#include "weir/units.h"

namespace weir {

class QuicSniffing {
 public:
  // Flows. With more, the one that has waited longest goes on without a name: clients that do not
  // end their hello take no time from others.
  static constexpr std::size_t most = 1'024;

  // Datagrams of one flow, the oldest first, which need not be held any more, and the host that
  // their client has named, or null. True: a flow has them, or the last of them.
  using Then = std::function<bool(std::span<const InterceptedDatagram>, const HostRef&)>;

  struct Parts {
    const FlowIntake& intake;
    TimerWheel& timers;
    Reasons& reasons;
    const Instant& now;
    Then then;
  };
  explicit QuicSniffing(Parts parts);
  ~QuicSniffing();
  QuicSniffing(const QuicSniffing&) = delete;
  QuicSniffing& operator=(const QuicSniffing&) = delete;

  // A datagram of a client that has no flow to that destination. True: it is held, or has gone on
  // already. False: its host does not matter, and nothing that came before it is held.
  [[nodiscard]] bool take(const InterceptedDatagram& datagram);
  // Whether some of that client to that destination are held.
  [[nodiscard]] bool holds(const InterceptedDatagram& datagram) const;
  [[nodiscard]] std::size_t size() const { return held_.size(); }

  // All that is held goes on without a name.
  void go_on_all();
  // The same, and from now on nothing is held.
  void take_no_new();
  // All that is held is lost, and counted.
  void drop_all();

 private:
  class Held;

  [[nodiscard]] bool waits_for_host(const InterceptedDatagram& datagram) const;
  void begin(const InterceptedDatagram& datagram);
  void add(Held& held, const InterceptedDatagram& datagram);
  // Destroys it.
  void go_on(Held& held, const HostRef& host);
  void hand_on(std::span<const InterceptedDatagram> datagrams, const HostRef& host);

  Parts parts_;
  std::list<FlowEnds> order_;  // of what is held, the oldest first
  std::unordered_map<FlowEnds, std::unique_ptr<Held>, FlowEndsHash> held_;
  RefusedHosts refused_;
  bool takes_new_ = true;
};

}  // namespace weir
