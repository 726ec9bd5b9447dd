// The problem: between a sender and a receiver that is slower, everything fills that can be filled.
// The kernel doubles a receive buffer as long as more comes in a round trip than in the one before,
// and the longer the queues, the longer the round trips: up to tcp_rmem's and tcp_wmem's maximum.
// Eight streams held 150 MB here and let the client's host hold 85 more. Nothing of that is in any
// processor's cache when it is copied out: a byte costs the receiver three times as much.
//
// Rejected: one size for all (a long way needs megabytes in flight), and TCP_NOTSENT_LOWAT (bounds
// neither what is in flight nor what we have received).
//
// The choice: a peer whose round trip is that of a local network gets what such a network holds at
// 20 Gbit/s, and something for the turns we take: 0.5 to 1.8 MB as the kernel counts, which is less
// than its own sizing may come to. For others that is the right one.
#include "relay/bulk_buffers.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

#include "base/transparent.h"

namespace weir {
namespace {

using std::chrono::microseconds;

constexpr microseconds near{500};
constexpr int between_turns = 256 * 1024;
constexpr int bytes_per_microsecond = 1250;  // 10 Gbit/s, of which the kernel makes 20

std::optional<int> buffer_of(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
      length < offsetof(tcp_info, tcpi_min_rtt) + sizeof info.tcpi_min_rtt) {
    return std::nullopt;
  }
  return bulk_buffer(microseconds(info.tcpi_min_rtt));  // the largest there is: not known
}

}  // namespace

std::optional<int> bulk_buffer(microseconds shortest_round_trip) {
  if (shortest_round_trip > near) {
    return std::nullopt;
  }
  return between_turns + bytes_per_microsecond * static_cast<int>(shortest_round_trip.count());
}

void bound_bulk_buffers(int from, int to) {
  // Beyond net.core.*mem_max, as the kernel's own sizing goes; that needs CAP_NET_ADMIN. Without,
  // it might be less than what is wanted, and the kernel's sizing is the better one.
  if (const auto size = buffer_of(to)) {
    static_cast<void>(set_option(to, SOL_SOCKET, SO_SNDBUFFORCE, *size));
  }
  int doubled = 0;
  socklen_t length = sizeof doubled;
  const auto wanted = buffer_of(from);
  if (!wanted || getsockopt(from, SOL_SOCKET, SO_RCVBUF, &doubled, &length) != 0) {
    return;
  }
  // The sender has been told that there is so much room: what is on its way would be dropped.
  const int size = std::max(*wanted, doubled / 2);
  if (set_option(from, SOL_SOCKET, SO_RCVBUFFORCE, size)) {
    // A buffer that was set does not make the window larger, and nor does the kernel any more.
    static_cast<void>(set_option(from, IPPROTO_TCP, TCP_WINDOW_CLAMP, 2 * size));
  }
}

}  // namespace weir
