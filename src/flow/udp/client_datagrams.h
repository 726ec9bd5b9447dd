// The datagrams that clients send: each finds its flow, or opens one, and goes on to the server.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <span>

#include "account/reason.h"
#include "base/timer_wheel.h"
#include "flow/flow_intake.h"
#include "flow/udp/failover.h"
#include "flow/udp/flow_opening.h"
#include "flow/udp/flow_table.h"
#include "flow/udp/lingering.h"
#include "flow/udp/quic_sniffing.h"
#include "flow/udp/renewal.h"
#include "flow/udp/sender.h"
#include "flow/udp/udp_flow.h"
#include "flow/udp/widths.h"
#include "intercept/udp_listener.h"
#include "weir/host.h"
#include "weir/units.h"

namespace weir {

class ClientDatagrams {
 public:
  struct Parts {
    const FlowTable& flows;
    const FlowIntake& intake;
    FlowOpening& opening;
    Widths& widths;
    Failover& failover;
    Renewal& renewal;
    Lingering& lingering;
    Sender& sender;
    TimerWheel& timers;
    Reasons& reasons;
    const Instant& now;
    UdpOwner& owner;
  };
  explicit ClientDatagrams(const Parts& parts);
  ClientDatagrams(const ClientDatagrams&) = delete;
  ClientDatagrams& operator=(const ClientDatagrams&) = delete;

  // From the listeners.
  void take(std::span<const InterceptedDatagram> datagrams);
  // Those that wait for their client to name a host.
  [[nodiscard]] QuicSniffing& waiting() { return sniffing_; }

 private:
  [[nodiscard]] UdpFlow* flow_of(const InterceptedDatagram& datagram);
  [[nodiscard]] UdpFlow* live_flow_of(const InterceptedDatagram& datagram);
  [[nodiscard]] UdpFlow* leave_behind(UdpFlow& flow);
  [[nodiscard]] UdpFlow* admitted(UdpFlow& flow);
  void send(UdpFlow& flow, const InterceptedDatagram& datagram);
  bool go_on(std::span<const InterceptedDatagram> datagrams, const HostRef& host);

  Parts parts_;
  QuicSniffing sniffing_;
};

}  // namespace weir
