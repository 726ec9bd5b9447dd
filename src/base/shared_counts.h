// Counts per key, shared by all workers without a lock: how many flows a client has, which
// endpoints are our own sockets'.
//
// An open-addressed table of 64-bit words, each a 40-bit fingerprint of the key and a 24-bit count.
// Changing a count is one compare-and-swap on one word; a count that falls to zero frees its word.
// Two keys share a count only if their fingerprints and their place agree (less than one in 10^12
// for a full table). Where every place of a key is taken the key is not counted: the table is sized
// so that this needs twice as many live keys as there can be flows.
//
// Part of what the workers share, for as long as they run. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace weir {

class SharedCounts {
 public:
  explicit SharedCounts(std::uint64_t max_keys);

  // Adds `more` (> 0) unless the count would exceed `limit`; false if it would.
  bool try_add(std::uint64_t key_hash, std::uint64_t limit = UINT32_MAX, std::uint64_t more = 1);
  // REQUIRES: no more than was added.
  void subtract(std::uint64_t key_hash, std::uint64_t less = 1);
  [[nodiscard]] std::uint64_t count(std::uint64_t key_hash) const;

 private:
  static constexpr std::uint64_t probes = 32;
  static constexpr unsigned count_bits = 24;
  static constexpr std::uint64_t count_mask = (std::uint64_t{1} << count_bits) - 1;

  [[nodiscard]] static std::uint64_t fingerprint(std::uint64_t key_hash);

  void reach_at_least(std::uint64_t slots);

  std::uint64_t mask_;
  // How many places from its first one a key may be: almost always one or two of all that it could
  // be in. Only ever grows.
  std::atomic<std::uint64_t> reach_{0};
  std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
};

}  // namespace weir
