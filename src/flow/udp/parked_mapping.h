// A mapping (RFC 4787) without a flow that stays all the same until its time is over: an ICMP error
// ended its last flow, and must not end the client's external port with it (REQ-10).
//
// In UdpSocketExtra while the socket is parked; the worker's thread.
#pragma once

#include <list>

#include "base/timer_wheel.h"

namespace weir {

class ServerSockets;
class UdpSocket;

class ParkedMapping final : public TimerWheel::Entry {
 public:
  using List = std::list<UdpSocket*>;  // the one parked longest first

  ParkedMapping(ServerSockets& all, List& list, UdpSocket& socket)
      : all_(all), socket_(socket), list_(list), at_(list.insert(list.end(), &socket)) {}
  ~ParkedMapping() { leave(); }
  ParkedMapping(const ParkedMapping&) = delete;
  ParkedMapping& operator=(const ParkedMapping&) = delete;

  // It is parked no longer.
  void leave() {
    if (at_ != list_.end()) {
      list_.erase(at_);
      at_ = list_.end();
    }
  }

  void on_deadline(Instant now) override;

 private:
  ServerSockets& all_;
  UdpSocket& socket_;
  List& list_;
  List::iterator at_;
};

}  // namespace weir
