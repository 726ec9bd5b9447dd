// Connections under way to further addresses of a server, beside the first, which has not answered
// yet: Happy Eyeballs (RFC 8305, section 5). The first of all of them to connect wins; TcpDial
// starts them, this only holds those that it started later.
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

class ConnectionAttempts {
 public:
  struct Ends {
    Endpoint local;
    Endpoint remote;
  };
  struct Started {
    Descriptor socket;
    Ends ends;
  };

  class Owner {
   public:
    // It is connected. It is no longer held here, and its socket is no longer watched.
    virtual void on_attempt_connected(Started winner) = 0;
    // It failed, or was closed by close().
    virtual void on_attempt_closed(const Ends& ends) = 0;

   protected:
    ~Owner() = default;
  };

  ConnectionAttempts(EdgePoll& poll, Owner& owner, const SocketCalls& calls)
      : poll_(poll), owner_(owner), calls_(calls) {}
  ConnectionAttempts(const ConnectionAttempts&) = delete;
  ConnectionAttempts& operator=(const ConnectionAttempts&) = delete;

  // False, and the socket is closed, where it cannot be watched.
  [[nodiscard]] bool add(Started started);
  [[nodiscard]] bool empty() const { return pending_.empty(); }
  // The one that is under way longest. REQUIRES: not empty.
  [[nodiscard]] Started take_first() { return take(0); }
  void close();

 private:
  struct Pending final : EdgePoll::Watcher {
    Pending(ConnectionAttempts& of, Started one) : all(of), started(std::move(one)) {}
    ~Pending() { all.poll_.cancel(watch); }
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    void on_events(std::uint32_t events) override { all.on_events(*this, events); }
    ConnectionAttempts& all;
    Started started;
    EdgePoll::Watch watch;
  };

  void on_events(const Pending& pending, std::uint32_t events);
  [[nodiscard]] Started take(std::size_t index);
  void drop(std::size_t index);

  EdgePoll& poll_;
  Owner& owner_;
  const SocketCalls& calls_;
  std::vector<std::unique_ptr<Pending>> pending_;
};

}  // namespace weir
