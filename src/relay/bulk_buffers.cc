// The problem: between a sender and a receiver that is slower, everything fills that can be filled.
// The kernel doubles a receive buffer as long as more comes in a round trip than in the one before,
// and the longer the queues, the longer the round trips: up to tcp_rmem's and tcp_wmem's maximum.
// Eight streams held 150 MB here and let the client's host hold 85 more. Nothing of that is in any
// processor's cache when it is copied out: a byte costs the receiver three times as much.
//
// Rejected: one size for all (a long path needs megabytes in flight), and TCP_NOTSENT_LOWAT (bounds
// neither what is in flight nor what we have received).
//
// The choice, for one: a peer whose round trip is that of a local network gets what such a network
// holds at 20 Gbit/s, and something for the turns we take: 0.5 to 1.8 MB as the kernel counts,
// which is less than its own sizing may come to. For others that is the right one.
//
// For all together that is not enough. A client that opens two thousand downloads and reads none of
// them leaves a megabyte of each in the kernel, and then every connection of the router is short of
// memory. What is queued already cannot be taken back; so those that begin get less the more there
// are that move bulk or are stuck with it. Those that have gone quiet do not count.
#include "relay/bulk_buffers.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <fstream>

#include "base/transparent.h"

namespace weir {
namespace {

using std::chrono::microseconds;

constexpr microseconds near{500};
constexpr int between_turns = 256 * 1024;
constexpr int bytes_per_microsecond = 1250;  // 10 Gbit/s, of which the kernel makes 20

// Whatever the share: below that a stream crawls, and the kernel's own smallest is not much less.
constexpr std::uint64_t min_buffer = 65'536;
// A share as large as that bounds nothing worth the trouble.
constexpr std::uint64_t ample = 1'048'576;
// The kernel makes twice of what is said, once for what is received and once for what is sent.
constexpr std::uint64_t times_held = 4;

std::optional<int> buffer_of(int fd, const BulkShare& share) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
      length < offsetof(tcp_info, tcpi_min_rtt) + sizeof info.tcpi_min_rtt) {
    return std::nullopt;
  }
  return share.buffer(microseconds(info.tcpi_min_rtt));  // the largest there is: not known
}

}  // namespace

std::optional<int> bulk_buffer(microseconds shortest_round_trip) {
  if (shortest_round_trip > near) {
    return std::nullopt;
  }
  return between_turns + bytes_per_microsecond * static_cast<int>(shortest_round_trip.count());
}

std::optional<int> BulkShare::buffer(microseconds shortest_round_trip) const {
  const std::uint64_t each =
      std::max(budget_ / (times_held * std::max<std::uint64_t>(directions(), 1)), min_buffer);
  const auto alone = bulk_buffer(shortest_round_trip);
  if (!alone && each >= ample) {
    return std::nullopt;
  }
  const std::uint64_t max = alone ? static_cast<std::uint64_t>(*alone) : ample;
  return static_cast<int>(std::min(max, each));
}

std::uint64_t bulk_budget(std::uint64_t workers) {
  constexpr std::uint64_t page = 4096;
  constexpr std::uint64_t part = 8;  // of where the kernel begins to save
  constexpr std::uint64_t otherwise = std::uint64_t{64} << 20U;
  std::uint64_t low = 0;
  std::uint64_t pressure = 0;
  std::ifstream in("/proc/sys/net/ipv4/tcp_mem");
  const std::uint64_t all = in >> low >> pressure ? pressure * page / part : otherwise;
  return all / std::max<std::uint64_t>(workers, 1);
}

void bound_bulk_buffers(int from, int to, const BulkShare& share) {
  // Beyond net.core.*mem_max, as the kernel's own sizing goes; that needs CAP_NET_ADMIN. Without,
  // it might be less than what is wanted, and the kernel's sizing is the better one.
  if (const auto size = buffer_of(to, share)) {
    static_cast<void>(set_option(to, SOL_SOCKET, SO_SNDBUFFORCE, *size));
  }
  int doubled = 0;
  socklen_t length = sizeof doubled;
  const auto wanted = buffer_of(from, share);
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
