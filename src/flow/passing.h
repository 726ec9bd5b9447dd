// Which flows go on to their own destination although their rule has an upstream, because they
// would come back to their sender: a resolver in the LAN whose own questions its clients' rule
// would send to it, or a proxy on the router itself with `local = yes`.
//
// In the LAN an address tells: a client that has an address of one of the upstream's servers. Every
// process of the router has the router's addresses, though. What a proxy there was asked for is
// known, and that alone passes by. A server there that is told nothing (type forward) could ask
// anything, and all that the router sends by that rule passes by, unless [firewall] exclude-user or
// exclude-cgroup says which process it is.
//
// One per worker; its thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "account/reason.h"
#include "base/timer_wheel.h"
#include "dial/tcp_dial.h"
#include "flow/asked_destinations.h"
#include "flow/own_addresses.h"
#include "flow/snapshot.h"
#include "weir/flow.h"

namespace weir {

class Passing final : private TimerWheel::Entry {
 public:
  using Clock = std::function<Instant()>;
  Passing(TimerWheel& timers, AskedDestinations& asked, Clock clock)
      : timers_(timers), asked_(asked), clock_(std::move(clock)) {}
  Passing(const Passing&) = delete;
  Passing& operator=(const Passing&) = delete;

  // Nothing: the flow goes as its rule says.
  [[nodiscard]] std::optional<Reason> why(const Flow& flow, const RuleEntry& rule,
                                          const Snapshot& snapshot);

  // Remembers what the route asks of proxies on this router, until the returned object is destroyed
  // and the proxies' connections have had time to come; null: nothing.
  [[nodiscard]] std::unique_ptr<TcpDial::SocketObserver::Memory> remember(const Route& route,
                                                                          const Snapshot& snapshot);
  // The same for datagrams that a relay is asked to send. False: the relay is not on this router.
  [[nodiscard]] bool ask_datagrams(const Endpoint& relay, const Endpoint& destination,
                                   const Snapshot& snapshot);
  void withdraw_datagrams(const Endpoint& destination) { asked_.withdraw_datagrams(destination); }

 private:
  class Requests;
  struct Late {
    AskedDestinations::Ticket ticket;
    Instant until;
  };

  // How long a proxy's connection may take from when the proxy has answered until it comes to us.
  static constexpr std::chrono::seconds may_take{1};

  [[nodiscard]] bool is_own(const Address& address) { return own_.has(address, clock_()); }
  [[nodiscard]] bool is_own(const Server& server);
  [[nodiscard]] std::optional<Reason> why_own(const Flow& flow, const RuleEntry& rule,
                                              const Snapshot& snapshot);
  void withdraw_later(const AskedDestinations::Ticket& ticket);
  void on_deadline(Instant now) override;

  TimerWheel& timers_;
  AskedDestinations& asked_;
  Clock clock_;
  OwnAddresses own_;
  std::deque<Late> late_;  // in order of time
};

// Whether the address is one of a server of the upstream, of its members or of what it goes via.
[[nodiscard]] bool has_server(const Upstream& upstream, const Address& address);

}  // namespace weir
