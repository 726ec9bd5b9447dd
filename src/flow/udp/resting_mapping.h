// A mapping (RFC 4787) without a flow that stays all the same until its time is over: an ICMP error
// ended its last flow, and must not end the client's external port with it (REQ-10).
//
// In UdpSocketExtra while the socket rests; the worker's thread.
#pragma once

#include <list>

#include "base/deadlines.h"

namespace weir {

class ServerSockets;
class UdpSocket;

class RestingMapping final : public Deadlines::Entry {
 public:
  using Row = std::list<UdpSocket*>;  // the longest resting first

  RestingMapping(ServerSockets& all, Row& row, UdpSocket& socket)
      : all_(all), socket_(socket), row_(row), at_(row.insert(row.end(), &socket)) {}
  ~RestingMapping() { leave(); }
  RestingMapping(const RestingMapping&) = delete;
  RestingMapping& operator=(const RestingMapping&) = delete;

  // It rests no longer.
  void leave() {
    if (at_ != row_.end()) {
      row_.erase(at_);
      at_ = row_.end();
    }
  }

  void on_deadline(Instant now) override;

 private:
  ServerSockets& all_;
  UdpSocket& socket_;
  Row& row_;
  Row::iterator at_;
};

}  // namespace weir
