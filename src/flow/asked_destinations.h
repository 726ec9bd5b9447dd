// Where proxies on this router are just being asked to go. With `local = yes` their own connections
// come back to us, and are known by this.
//
// A TCP connection that is asked for is one connection: the first flow that goes there takes the
// entry with it, so that no second one does. Datagrams go on for as long as the flow they are asked
// for.
//
// One per process, in Workers; any worker, without a lock. Touched only where the router's own
// traffic is intercepted and a proxy has an address of the router's.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/shared_counts.h"
#include "weir/endpoint.h"

namespace weir {

class AskedDestinations {
 public:
  // TCP.
  struct Ticket {
    std::uint32_t slot = 0;
    std::uint64_t word = 0;
  };
  // None: too many are under way to there; the flow that comes back will not be known.
  [[nodiscard]] std::optional<Ticket> ask(const Endpoint& destination);
  // Nothing where a flow has taken it.
  void withdraw(const Ticket& ticket);
  [[nodiscard]] bool is_asked(const Endpoint& destination) const;
  // Whether a connection to there is asked for, which is taken then.
  [[nodiscard]] bool take(const Endpoint& destination);

  // UDP.
  void ask_datagrams(const Endpoint& destination) {
    static_cast<void>(datagrams_.try_add(hash_of(destination)));
  }
  void withdraw_datagrams(const Endpoint& destination) {
    datagrams_.subtract(hash_of(destination));
  }
  [[nodiscard]] bool asks_datagrams(const Endpoint& destination) const {
    return datagrams_.count(hash_of(destination)) != 0;
  }

 private:
  // Connections under way at a time, of a few seconds each at most.
  static constexpr std::uint32_t slots = 4096;
  static constexpr std::uint32_t probes = 32;
  static constexpr unsigned serial_bits = 24;  // below them a fingerprint of the destination
  static constexpr std::uint64_t max_datagrams = 8192;

  std::array<std::atomic<std::uint64_t>, slots> words_{};  // 0: vacant
  std::atomic<std::uint64_t> serial_{0};
  SharedCounts datagrams_{max_datagrams};
};

}  // namespace weir
