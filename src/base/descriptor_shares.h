// How the descriptors of the process are shared out: what flows may have of them, and what of that
// TCP and UDP are sure of. The rest is lent to the one that comes first.
//
// Beside flows the process needs descriptors of its own: logs, the admin socket and its clients,
// name lookups; and each worker listeners, a loop, accept's, the pipes of bulk flows and the
// sockets that answer clients. Those come from a reserve that flows never touch.
//
// UDP is sure of one part in 32. TCP flows do not give way, so this is what UDP has where
// connections have taken everything: 600 of 20,000 descriptors, enough for 300 questions a second,
// whose sockets live for 1 or 2 s. A larger part would lower limits.max-flows, which is by itself
// what TCP may have. Where that part would be less than 64 descriptors, it is 64, or a quarter.
//
// TCP is sure of a quarter. Any host can open UDP flows, without a handshake and in any name, so
// UDP may borrow less than TCP. A quarter holds about as many connections as one client may have
// (limits.max-flows-per-client), and leaves UDP the three quarters that it had at any time.
//
// One per process, in FlowTotals. Any thread, without a lock.
#pragma once

#include <atomic>
#include <cstdint>

#include "weir/units.h"

namespace weir {

class DescriptorShares {
 public:
  // A connection has two: towards the client, and towards the server.
  static constexpr std::uint32_t of_connection = 2;

  // `descriptors`: how many the process may open, RLIMIT_NOFILE.
  DescriptorShares(std::uint64_t descriptors, std::uint64_t workers);

  // How many the process must be allowed to open for that many connections.
  [[nodiscard]] static std::uint64_t needed(std::uint64_t connections, std::uint64_t workers);

  // How many flows of that protocol may have, if the other one takes no more than it is sure of.
  [[nodiscard]] std::uint64_t max(Protocol protocol) const;
  [[nodiscard]] std::uint64_t sure(Protocol protocol) const;
  // What limits.max-flows is when it says auto.
  [[nodiscard]] std::uint64_t max_connections() const { return max(Protocol::tcp) / of_connection; }

  // Takes that many; false: none are left for that protocol.
  [[nodiscard]] bool take(Protocol protocol, std::uint32_t count);
  // Takes what is open already, left or not.
  void adopt(Protocol protocol, std::uint32_t count);
  void give_back(Protocol protocol, std::uint32_t count);

  // Seven eighths of what the protocol may have now are taken.
  [[nodiscard]] bool are_scarce(Protocol protocol) const;

 private:
  // What both have is one word, so that both are looked at and changed at once: two workers that
  // open flows of different protocols never take the same descriptor.
  struct Taken {
    std::uint64_t tcp = 0;
    std::uint64_t udp = 0;
  };
  [[nodiscard]] static Taken taken_in(std::uint64_t word);
  // What that protocol may have while both have taken that.
  [[nodiscard]] std::uint64_t room(Protocol protocol, const Taken& taken) const;

  std::uint64_t for_flows_;
  std::uint64_t sure_tcp_;
  std::uint64_t sure_udp_;
  std::atomic<std::uint64_t> taken_{0};  // TCP's above, UDP's in the lower 32 bits
};

}  // namespace weir
