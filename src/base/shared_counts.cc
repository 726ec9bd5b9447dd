#include "base/shared_counts.h"

#include <algorithm>
#include <bit>

namespace weir {

SharedCounts::SharedCounts(std::uint64_t max_keys)
    : mask_(std::bit_ceil(max_keys * 2 + probes) - 1),
      words_(std::make_unique<std::atomic<std::uint64_t>[]>(mask_ + 1)) {}

std::uint64_t SharedCounts::fingerprint(std::uint64_t key_hash) {
  const std::uint64_t high = key_hash >> count_bits;
  return high == 0 ? 1 : high;
}

bool SharedCounts::try_add(std::uint64_t key_hash, std::uint64_t limit, std::uint64_t more) {
  const std::uint64_t print = fingerprint(key_hash);
  limit = std::min(limit, count_mask);  // one more would spill into the fingerprint
  std::atomic<std::uint64_t>* vacant = nullptr;
  std::uint64_t slots = 0;
  for (std::uint64_t i = 0; i < probes; ++i) {
    auto& word = words_[(key_hash + i) & mask_];
    std::uint64_t seen = word.load(std::memory_order_acquire);  // with the reach it was put by
    while (seen >> count_bits == print) {
      if ((seen & count_mask) + more > limit) {
        return false;
      }
      if (word.compare_exchange_weak(seen, seen + more, std::memory_order_acquire)) {
        return true;
      }
    }
    // It may have been the key's own until now: a second word would hold the limit once more.
    if (seen == 0 && vacant == nullptr) {
      vacant = &word;
      slots = i + 1;
    }
  }
  if (limit < more) {
    return false;
  }
  if (vacant != nullptr) {
    reach_at_least(slots);
    std::uint64_t empty = 0;
    if (!vacant->compare_exchange_strong(empty, print << count_bits | more,
                                         std::memory_order_release)) {
      return try_add(key_hash, limit, more);  // another thread took the place: look again
    }
  }
  return true;
}

void SharedCounts::reach_at_least(std::uint64_t slots) {
  std::uint64_t seen = reach_.load(std::memory_order_relaxed);
  while (seen < slots && !reach_.compare_exchange_weak(seen, slots, std::memory_order_relaxed)) {
  }
}

void SharedCounts::subtract(std::uint64_t key_hash, std::uint64_t less) {
  const std::uint64_t print = fingerprint(key_hash);
  const std::uint64_t reach = reach_.load(std::memory_order_relaxed);
  // Two threads that add at once may have put the key into two words.
  for (std::uint64_t i = 0; i < reach && less > 0; ++i) {
    auto& word = words_[(key_hash + i) & mask_];
    std::uint64_t seen = word.load(std::memory_order_relaxed);
    while (seen >> count_bits == print) {
      const std::uint64_t here = std::min(seen & count_mask, less);
      const std::uint64_t next = (seen & count_mask) == here ? 0 : seen - here;
      if (word.compare_exchange_weak(seen, next, std::memory_order_relaxed)) {
        less -= here;
        break;
      }
    }
  }
}

std::uint64_t SharedCounts::count(std::uint64_t key_hash) const {
  const std::uint64_t print = fingerprint(key_hash);
  const std::uint64_t reach = reach_.load(std::memory_order_relaxed);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < reach; ++i) {
    const std::uint64_t seen = words_[(key_hash + i) & mask_].load(std::memory_order_relaxed);
    if (seen >> count_bits == print) {
      sum += seen & count_mask;
    }
  }
  return sum;
}

}  // namespace weir
