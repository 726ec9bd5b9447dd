// What the kernel may hold of a bulk flow between two near peers.
//
// One worker's thread; no state.
#pragma once

#include <chrono>
#include <optional>

namespace weir {

// What a socket towards a peer that near (its shortest round trip so far) is to hold, in bytes of
// SO_RCVBUF or SO_SNDBUF, of which the kernel makes twice as much. Nothing: the kernel's own
// sizing is left alone.
[[nodiscard]] std::optional<int> bulk_buffer(std::chrono::microseconds shortest_round_trip);

// Bounds what `from` receives and `to` sends, each where its peer is near. Sockets that are no TCP,
// or refuse it, go on as they were.
void bound_bulk_buffers(int from, int to);

}  // namespace weir
