// Quantities with a unit in their type, so that a port is never a mark and a byte count never a
// number of datagrams. Plain values; any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

using Milliseconds = std::chrono::milliseconds;

// Monotonic time, in microseconds, from the clock that never jumps. Workers read it once per turn
// of their loop; tests make it up.
using Instant = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;

using Port = std::uint16_t;

// A firewall mark and the bits of it that are ours. Bits outside `mask` belong to others.
struct Mark {
  std::uint32_t value = 0;
  std::uint32_t mask = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
};

enum class Protocol : std::uint8_t { tcp, udp };

}  // namespace weir
