// A UDP flow whose server is gone goes to another one, where nothing is lost by it: with a question
// that had no answer yet, after an ICMP error; and before a question on a DNS flow that rested,
// when its server gets no flows any more.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include "account/reason.h"
#include "flow/udp/encapsulation.h"
#include "flow/udp/kept_questions.h"
#include "flow/udp/sender.h"
#include "flow/udp/server_sockets.h"
#include "flow/udp/udp_flow.h"
#include "flow/way_choice.h"
#include "intercept/udp_listener.h"

namespace weir {

class Failover {
 public:
  struct Parts {
    WayChoice& ways;
    Reasons& reasons;
    ServerSockets& sockets;
    const Encapsulation& encapsulation;
    Sender& sender;
    const Instant& now;
  };
  explicit Failover(const Parts& parts) : parts_(parts) {}

  // What may have to be sent again. Every other datagram passes without being looked at.
  void keep(const UdpFlow& flow, const InterceptedDatagram& datagram);
  // Whether a DNS flow's next question had better begin another flow: its server gets none any
  // more. A drained server may still answer what it was asked.
  [[nodiscard]] bool is_left_behind(const UdpFlow& flow) const;
  // After an ICMP error: the flow goes to another server, and its question with it, which may end
  // it. False: it stays where it is.
  [[nodiscard]] bool ask_another(UdpFlow& flow);

 private:
  void move(UdpFlow& flow, const Route& route, UdpSocket& fresh);

  Parts parts_;
  KeptQuestions kept_;
};

}  // namespace weir
