// Connects one flow to its upstream: asks the policy for a route, opens the socket, waits for the
// connection within timeouts.connect, speaks the route's handshakes within timeouts.handshake, and
// on failure asks again for another server until the attempts are used up. Reports once, and moves
// no payload.
//
// A server with several addresses is dialled at all of them, one after the other and each a quarter
// of a second after the one before, until the first answers (Happy Eyeballs, RFC 8305, section 5):
// a family that leads nowhere costs that quarter and no attempt.
//
// Owned by the flow, which passes the upstream socket's events on. One worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/socket_calls.h"
#include "base/timer_wheel.h"
#include "dial/connection_attempts.h"
#include "dial/handshake_driver.h"
#include "dial/outbound.h"
#include "loop/edge_poll.h"
#include "weir/flow.h"
#include "weir/upstream.h"

namespace weir {

class TcpDial final : private TimerWheel::Entry, private ConnectionAttempts::Owner {
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
    no_route,  // the router has no route there, or forbids it
    timed_out,
    source_unavailable,
    failed,
    handshake_failed,
    handshake_timed_out,
    target_failed,  // the last server is well, and says that it cannot reach the destination
  };

  class Owner {
   public:
    // The dial decided something after start(): `connected`, or why not.
    virtual void on_dialed(Outcome outcome) = 0;
    // An attempt failed and another server is tried.
    virtual void on_retry(const std::shared_ptr<Server>& failed) = 0;
    // The `id` of the flow's record, for a handshake that passes it on.
    [[nodiscard]] virtual std::string flow_id() const = 0;

   protected:
    ~Owner() = default;
  };

  using Ends = ConnectionAttempts::Ends;

  // Sees every socket that a dial opens, and chooses its egress.
  class SocketObserver {
   public:
    // The wanted source port was taken.
    virtual void on_source_port_taken() = 0;
    // Before a socket is opened: sets its egress. 0, or why there is none (an errno).
    [[nodiscard]] virtual int choose_egress(const Flow& flow, Route& route) = 0;
    virtual void on_socket_opened(const Ends& ends) = 0;
    // Not called for the one that take_socket() gave away.
    virtual void on_socket_closed(const Ends& ends) = 0;
    // What is to be remembered of a route while it is dialled; null: nothing.
    class Memory {
     public:
      virtual ~Memory() = default;
    };
    [[nodiscard]] virtual std::unique_ptr<Memory> remember(const Route&) { return nullptr; }

   protected:
    ~SocketObserver() = default;
  };

  struct Environment {
    SocketObserver& observer;
    EdgePoll& poll;
    TimerWheel& timers;
    Mark bypass;
    Milliseconds connect_timeout;
    Milliseconds handshake_timeout;
    const SocketCalls& calls = kernel_calls;
  };

  // `events` is what the poll calls for the upstream socket; it hands them to on_events().
  TcpDial(const Environment& environment, const Flow& flow, const Upstream& upstream, Owner& owner,
          EdgePoll::Watcher& events);
  ~TcpDial();
  TcpDial(const TcpDial&) = delete;
  TcpDial& operator=(const TcpDial&) = delete;

  // The first attempt. Never calls on_dialed: what is known at once is returned.
  [[nodiscard]] Outcome start();
  // The same, by a route that the policy has given already.
  [[nodiscard]] Outcome start(Route first);
  void on_events(std::uint32_t events);

  // Of the attempt that connected, or of the last one.
  [[nodiscard]] const Route& route() const { return attempt_.route; }
  [[nodiscard]] Ends ends() const {
    return {.local = attempt_.local, .remote = attempt_.route.remote};
  }
  [[nodiscard]] std::uint32_t attempts() const { return tried_.attempts; }
  // What failed and why, in a phrase; empty when nothing did.
  [[nodiscard]] const std::string& error() const { return tried_.error; }
  // When the connection stood and the handshakes began.
  [[nodiscard]] Instant connected_at() const { return connected_at_; }
  // REQUIRES: connected. From now on the owner tells when the socket is closed, and cancels the
  // watch by which `events` hears of it.
  struct Taken {
    Descriptor socket;
    EdgePoll::Watch watch;
  };
  [[nodiscard]] Taken take_socket();
  // What the socket that is connected now was told so far.
  [[nodiscard]] std::uint32_t events_seen() const { return attempt_.events_seen; }
  // Gives up: the flow is over.
  void abandon() { close_socket(); }

 private:
  // The attempt under way, or the last one. Of the addresses of its server, the socket is the one
  // that is dialled first; the others are ConnectionAttempts.
  struct Attempt {
    Route route;
    std::unique_ptr<SocketObserver::Memory> memory;  // of the route
    Descriptor socket;
    EdgePoll::Watch watch;
    Endpoint local;
    std::uint32_t events_seen = 0;
    Instant until{};  // it has to stand by then
  };
  // What the attempts so far have come to.
  struct Tried {
    std::vector<std::shared_ptr<Server>> servers;
    std::uint32_t attempts = 0;
    Outcome last_failure = Outcome::no_server;
    // Of the servers: the last one, where the target may be to blame.
    const Server* doubted = nullptr;
    std::string error;
  };

  void on_deadline(Instant now) override;
  Outcome attempt();
  Outcome attempt(Route next);
  Outcome open();
  void open_another();
  void on_attempt_connected(ConnectionAttempts::Started winner) override;
  void on_attempt_closed(const Ends& ends) override;
  [[nodiscard]] bool promote(ConnectionAttempts::Started started);
  void drop_socket();
  void next_address();
  void arm_connect(Instant now);
  Outcome connected();
  Outcome drive_handshakes();
  Outcome done();
  Outcome connect_failed(const char* step, int code);
  Outcome connect_failed(const char* step, int code, Outcome outcome);
  Outcome handshake_failed(Outcome outcome, std::size_t hop, const std::string& error,
                           Handshake::Fault fault);
  Outcome blame(const std::shared_ptr<Server>& server, Outcome outcome);
  Outcome doubt(const Hop& hop, Outcome outcome);
  [[nodiscard]] bool is_beside_doubted(const Route& next) const;
  void finish(Outcome outcome);
  void close_socket();

  Environment environment_;
  const Flow& flow_;
  const Upstream& upstream_;
  Owner& owner_;
  EdgePoll::Watcher& events_;
  Attempt attempt_;
  ConnectionAttempts other_attempts_;
  std::string flow_id_;
  std::optional<HandshakeDriver> handshake_driver_;  // once connected, where there are handshakes
  Tried tried_;
  Instant connected_at_;
};

// "pool" or "office/proxy1": a server as errors and records of a chain name it.
[[nodiscard]] std::string hop_name(const std::string& upstream, const Server* server);

// The servers of a chain in order of travel: "office/proxy1>web1"; the last upstream's by their
// names alone. Empty for a route that is no chain.
[[nodiscard]] std::string path_of(const Route& route, const std::string& upstream);

}  // namespace weir
