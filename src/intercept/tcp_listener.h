// Takes the TCP connections that the firewall's TPROXY rule sends to weir's port. Where a client
// was going is said by its SYN, which the kernel keeps, with the DSCP it came with; where it has
// not kept it, by the accepted socket's own address.
//
// One per family and worker (SO_REUSEPORT spreads connections). Level-triggered with bounded
// batches, so that a flood of connections cannot starve live flows, and so that running out of
// descriptors never leaves the listener unarmed: then a descriptor held in reserve accepts the
// connection, to reset it and count it. When the kernel cannot accept at all (no memory, and no
// reserve either), the listener backs off for a moment instead of being told again and again.
//
// Owned by the worker; its thread.
#pragma once

#include <cstdint>
#include <functional>

#include "base/descriptor.h"
#include "base/timer_wheel.h"
#include "loop/edge_poll.h"
#include "weir/endpoint.h"
#include "weir/result.h"

namespace weir {

// An accepted connection, not yet a flow. `client` is non-blocking.
struct Accepted {
  Descriptor socket;
  Endpoint client;
  Endpoint destination;
  std::uint8_t dscp = 0;  // of the client's SYN; 0, too, where the kernel has not kept that
};

class TcpListener final : public EdgePoll::Watcher, private TimerWheel::Entry {
 public:
  struct Handler {
    std::function<void(Accepted)> on_accepted;
    std::function<void()> on_out_of_descriptors;  // a connection was reset for want of one
    std::function<void(int code)> on_failed;      // accept said something else
  };

  // Binds, but does not listen yet: the sockets of all workers are bound before one of them takes
  // connections.
  static Result<Descriptor> open(Family family, Port port);

  // What open() sets, on a socket that another process has bound.
  [[nodiscard]] static bool prepare(int fd, Family family);

  // REQUIRES: `socket` came from open(), here or in the gateway that was taken over,
  // or is prepared. Listens at once.
  TcpListener(EdgePoll& poll, TimerWheel& timers, Descriptor socket, Handler handler);
  ~TcpListener();
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  void on_events(std::uint32_t events) override;

  // Accepts all connections that wait by now, at most as many as can.
  void drain_backlog();
  // Refuses new connections from now on.
  void close();
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  static constexpr int batch = 64;
  static constexpr Milliseconds backoff{100};

  enum class Queue : std::uint8_t { empty, more };
  Queue take_batch();
  enum class Reserve : std::uint8_t { kept, lost };
  Reserve accept_with_reserve();
  void back_off();
  void on_deadline(Instant now) override;

  EdgePoll& poll_;
  TimerWheel& timers_;
  Descriptor socket_;
  EdgePoll::Watch watch_;  // none while it backs off
  Descriptor reserve_;
  Handler handler_;
};

// The inbound interface of an accepted connection (0: unknown). The listener keeps IP_PKTINFO on
// for it.
[[nodiscard]] std::uint32_t inbound_interface(int fd, Family family);

}  // namespace weir
