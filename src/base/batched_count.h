// Counts against a limit that all workers share, without writing what they share for every flow.
//
// A worker counts its own, and publishes a batch at a time: what all have published is never more
// than all have, and less by at most a batch (less one) each. So a limit is exceeded by at most
// workers * batch, and a worker that opens and ends flows within a batch writes nothing shared. A
// worker that has none left has published none. With a batch of one every flow is published, and
// the limit is exact. (Linux's percpu_counter counts likewise.)
//
// A PublishedCount is shared, and any thread's. A BatchedCount is one worker's, on its thread;
// others may read its `own`.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/counter.h"

namespace weir {

// An eighth of the limit for all workers together, at most 64 a worker, at least one. `limit` 0:
// there is none.
[[nodiscard]] inline std::uint64_t batch_of(std::uint64_t limit, std::uint64_t workers) {
  constexpr std::uint64_t max = 64;
  return limit == 0 ? max : std::clamp<std::uint64_t>(limit / (8 * workers), 1, max);
}

// What all workers have published. Any thread.
class PublishedCount {
 public:
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool try_add(std::uint64_t more, std::uint64_t limit) {
    if (value_.fetch_add(more, std::memory_order_relaxed) + more > limit) {
      subtract(more);
      return false;
    }
    return true;
  }
  void add(std::uint64_t more) { value_.fetch_add(more, std::memory_order_relaxed); }
  void subtract(std::uint64_t less) { value_.fetch_sub(less, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// One worker's part. Others may read `own`.
struct BatchedCount {
  Counter own;
  std::uint64_t published = 0;

  // Counts without a limit; nothing is published.
  void add() { own.add(); }
};

// Counts one, if that stays within the limit. `total`: a PublishedCount, or what has its functions.
template <typename Total>
[[nodiscard]] bool try_add(BatchedCount& mine, Total& total, std::uint64_t limit,
                           std::uint64_t batch) {
  std::uint64_t unpublished = mine.own.get() - mine.published;
  if (unpublished >= batch) {  // the limit is new, or smaller than it was
    total.add(unpublished);
    mine.published += unpublished;
    unpublished = 0;
  }
  ++unpublished;
  if (unpublished < batch) {
    if (total.get() + unpublished > limit) {
      return false;
    }
  } else if (total.try_add(unpublished, limit)) {
    mine.published += unpublished;
  } else {
    return false;
  }
  mine.own.add();
  return true;
}

// Counts one, whatever the limit: this worker has just taken away another, which makes room.
template <typename Total>
void add_replacing(BatchedCount& mine, Total& total, std::uint64_t batch) {
  mine.own.add();
  const std::uint64_t unpublished = mine.own.get() - mine.published;
  if (unpublished >= batch) {
    total.add(unpublished);
    mine.published += unpublished;
  }
}

// Takes one away. REQUIRES: mine.own.get() > 0
template <typename Total>
void subtract(BatchedCount& mine, Total& total, std::uint64_t batch) {
  mine.own.subtract();
  const std::uint64_t own = mine.own.get();
  if (own < mine.published) {
    const std::uint64_t less = std::min(std::max(batch, mine.published - own), mine.published);
    mine.published -= less;
    total.subtract(less);
  }
}

}  // namespace weir
