// A run of datagrams in one buffer, as the kernel puts them together for a GSO sender (UDP_GRO).
//
// No state; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace weir {

// Calls `visit` for every datagram of `segment` bytes, the last of which may be shorter; 0: it is
// one.
template <typename F>
void each_datagram(std::span<const std::uint8_t> payload, std::uint16_t segment, F visit) {
  const std::size_t step = segment != 0 ? segment : std::max<std::size_t>(payload.size(), 1);
  std::size_t offset = 0;
  do {
    visit(payload.subspan(offset, std::min(step, payload.size() - offset)));
    offset += step;
  } while (offset < payload.size());
}

}  // namespace weir
