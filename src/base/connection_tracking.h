// The kernel's table of connections that it tracks: how full it is, and what it refused for want of
// room. Every packet of the machine that finds it full is dropped, weir's and others'.
//
// No state; reads /proc; any thread.
#pragma once

#include <cstdint>
#include <optional>

namespace weir {

struct ConnectionTracking {
  std::uint64_t entries = 0;
  std::uint64_t max = 0;      // net.netfilter.nf_conntrack_max; 0: without a limit
  std::uint64_t dropped = 0;  // packets of new flows, for want of room, since the machine's start
  std::uint64_t insert_failed = 0;
};

// None where the kernel tracks nothing.
[[nodiscard]] std::optional<ConnectionTracking> read_connection_tracking();

// Adds up the columns of /proc/net/stat/nf_conntrack, a line a processor. Pure.
void add_statistics(ConnectionTracking& into, const char* text);

}  // namespace weir
