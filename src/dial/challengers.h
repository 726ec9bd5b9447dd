// Connections under way to further addresses of a server, beside the first, which has not answered
// yet: Happy Eyeballs (RFC 8305, section 5). Whichever of all of them stands first wins; TcpDial
// runs the race, this only holds those that joined it later.
//
// Owned by a TcpDial. One worker's thread.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/descriptor.h"
#include "base/socket_calls.h"
#include "loop/edge_poll.h"
#include "weir/endpoint.h"

namespace weir {

class Challengers {
 public:
  struct Ends {
    Endpoint local;
    Endpoint remote;
  };
  struct Entrant {
    Descriptor socket;
    Ends ends;
  };

  class Owner {
   public:
    // It stands. It is out of the race, and its socket is no longer watched.
    virtual void on_challenger_connected(Entrant winner) = 0;
    // It failed, or was closed by close().
    virtual void on_challenger_closed(const Ends& ends) = 0;

   protected:
    ~Owner() = default;
  };

  Challengers(EdgePoll& poll, Owner& owner, const SocketCalls& calls)
      : poll_(poll), owner_(owner), calls_(calls) {}
  Challengers(const Challengers&) = delete;
  Challengers& operator=(const Challengers&) = delete;

  // False, and the socket is closed, where it cannot be watched.
  [[nodiscard]] bool add(Entrant entrant);
  [[nodiscard]] bool empty() const { return running_.empty(); }
  // The one that is under way longest. REQUIRES: not empty.
  [[nodiscard]] Entrant take_first() { return take(0); }
  void close();

 private:
  struct Runner final : EdgePoll::Watcher {
    Runner(Challengers& of, Entrant one) : all(of), entrant(std::move(one)) {}
    ~Runner() { all.poll_.cancel(watch); }
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;
    void on_events(std::uint32_t events) override { all.on_events(*this, events); }
    Challengers& all;
    Entrant entrant;
    EdgePoll::Watch watch;
  };

  void on_events(const Runner& runner, std::uint32_t events);
  [[nodiscard]] Entrant take(std::size_t index);
  void drop(std::size_t index);

  EdgePoll& poll_;
  Owner& owner_;
  const SocketCalls& calls_;
  std::vector<std::unique_ptr<Runner>> running_;
};

}  // namespace weir
