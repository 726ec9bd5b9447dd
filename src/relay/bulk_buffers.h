// What the kernel may hold of bulk flows: of each between two near peers, and of all together.
//
// One BulkShare per worker, in its TcpFlows; its thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace weir {

// What a socket towards a peer that near (its shortest round trip so far) is to hold, in bytes of
// SO_RCVBUF or SO_SNDBUF, of which the kernel makes twice as much. Nothing: the kernel's own
// sizing is left alone.
[[nodiscard]] std::optional<int> bulk_buffer(std::chrono::microseconds shortest_round_trip);

// How many directions of a worker's flows move bulk, or hold some that their receiver does not
// take, and what that leaves each of them.
class BulkShare {
 public:
  // `budget`: bytes of kernel memory for all of them.
  explicit BulkShare(std::uint64_t budget) : budget_(budget) {}

  void join() { set(directions() + 1); }
  void leave() { set(directions() - 1); }
  // Any thread.
  [[nodiscard]] std::uint64_t directions() const {
    return directions_.load(std::memory_order_relaxed);
  }

  // As bulk_buffer(), and no more than the share of one. Far peers are left alone until many share.
  [[nodiscard]] std::optional<int> buffer(std::chrono::microseconds shortest_round_trip) const;

 private:
  void set(std::uint64_t directions) { directions_.store(directions, std::memory_order_relaxed); }

  std::uint64_t budget_;
  std::atomic<std::uint64_t> directions_{0};
};

// What one of so many workers may have of the memory for TCP (net.ipv4.tcp_mem), in bytes.
[[nodiscard]] std::uint64_t bulk_budget(std::uint64_t workers);

// Bounds what `from` receives and `to` sends. Sockets that are no TCP, or refuse it, go on as they
// were.
void bound_bulk_buffers(int from, int to, const BulkShare& share);

}  // namespace weir
