// Connects one TCP flow to its upstream: asks the policy for a route, opens the socket, waits for
// the connection within timeouts.connect, and on failure asks again for another server until the
// attempts are used up. Reports once, and moves no payload.
//
// Owned by the flow, which passes the upstream socket's events on. One worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/deadlines.h"
#include "base/descriptor.h"
#include "dial/outbound.h"
#include "loop/edge_poll.h"
#include "weir/flow.h"
#include "weir/upstream.h"

namespace weir {

class TcpDial final : private Deadlines::Entry {
 public:
  enum class Outcome : std::uint8_t {
    connecting,  // not yet decided
    connected,
    rejected,
    dropped,
    no_server,
    out_of_descriptors,
    refused,  // every attempt failed; this is how the last one did
    unreachable,
    timed_out,
    source_unavailable,
    failed,
  };

  class Owner {
   public:
    // The dial decided something after start(): `connected`, or why not.
    virtual void on_dialed(Outcome outcome) = 0;
    // An attempt failed and another server is tried.
    virtual void on_retry(const std::shared_ptr<Server>& failed) = 0;
    // The wanted source port was taken.
    virtual void on_source_port_taken() = 0;
    // The socket of an attempt was opened, and closed again because the attempt failed: local() and
    // route().remote are its ends.
    virtual void on_socket_opened() = 0;
    virtual void on_socket_closed() = 0;

   protected:
    ~Owner() = default;
  };

  struct Environment {
    EdgePoll& poll;
    Deadlines& deadlines;
    Mark bypass;
    Milliseconds timeout;
  };

  // `events` is what the poll calls for the upstream socket; it hands them to on_events().
  TcpDial(const Environment& environment, const Flow& flow, const Upstream& upstream, Owner& owner,
          EdgePoll::Watcher& events);

  // The first attempt. Never calls on_dialed: what is known at once is returned.
  [[nodiscard]] Outcome start();
  void on_events(std::uint32_t events);

  // Of the attempt that connected, or of the last one.
  [[nodiscard]] const Route& route() const { return route_; }
  [[nodiscard]] const Endpoint& local() const { return local_; }
  [[nodiscard]] std::uint32_t attempts() const { return attempts_; }
  [[nodiscard]] int error() const { return error_; }  // errno, 0: none
  [[nodiscard]] const char* step() const { return step_; }
  // REQUIRES: connected. From now on the owner watches over the socket's local endpoint.
  [[nodiscard]] Descriptor take_socket();
  // Gives up: the flow is over.
  void abandon() { close_socket(); }

 private:
  void on_deadline(Instant now) override;
  Outcome attempt();
  Outcome failed(int code);
  void close_socket();

  Environment environment_;
  const Flow& flow_;
  const Upstream& upstream_;
  Owner& owner_;
  EdgePoll::Watcher& events_;
  Route route_;
  Descriptor socket_;
  Endpoint local_;
  std::vector<std::shared_ptr<Server>> tried_;
  std::uint32_t attempts_ = 0;
  int error_ = 0;
  const char* step_ = "";
};

}  // namespace weir
