// Accepted connections whose rule depends on the host that their client names: each is held until
// its first bytes say one, say that there is none, or timeouts.sniff is over. They stay in the
// socket (MSG_PEEK): nothing is kept here, and what relays the flow later reads them as ever.
//
// Owned by the worker's TcpFlows; its thread. A connection that is held is no flow yet: it has no
// record and counts against no limit but its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>

#include "base/socket_calls.h"
#include "base/timer_wheel.h"
#include "intercept/tcp_listener.h"
#include "loop/edge_poll.h"
#include "sniff/sniffed.h"
#include "weir/flow.h"
#include "weir/units.h"

namespace weir {

class TcpSniffing {
 public:
  // What is known once a connection need not be held any more.
  struct Seen {
    HostRef host;            // null: it has named none
    bool is_silent = false;  // and has said nothing at all
  };
  using Then = std::function<void(Accepted, const Flow&, Seen)>;

  struct Parts {
    EdgePoll& poll;
    TimerWheel& timers;
    const SocketCalls& calls;
    Then then;
    // With more, the one that has waited longest goes on without a name: clients that say nothing
    // take no time from those that are about to speak.
    std::size_t most = 4'096;
  };
  explicit TcpSniffing(Parts parts);
  ~TcpSniffing();
  TcpSniffing(const TcpSniffing&) = delete;
  TcpSniffing& operator=(const TcpSniffing&) = delete;

  // Calls `then`, from here where its first bytes are there already, else later.
  void hold(Accepted accepted, const Flow& flow, Milliseconds longest);
  [[nodiscard]] std::size_t size() const { return held_.size(); }
  // Resets all that are held.
  void end_all();

 private:
  class Held;

  [[nodiscard]] Sniffed peek(int fd, std::size_t& bytes);
  // Destroys it.
  void go_on(std::list<Held>::iterator held, Seen seen);

  Parts parts_;
  std::unique_ptr<std::uint8_t[]> buffer_;  // longest_first_bytes
  std::list<Held> held_;                    // the last to come is the last
};

}  // namespace weir
