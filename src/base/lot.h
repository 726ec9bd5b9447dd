// Counts against a limit that all workers share, without writing what they share for every flow.
//
// A worker counts its own, and tells the others a lot at a time: what all have told is never more
// than all have, and less by at most a lot (less one) each. So a limit is exceeded by at most
// workers * lot, and a worker that opens and ends flows within a lot writes nothing shared. A
// worker that has none left has told none. With a lot of one every flow is told, and the limit is
// exact. (Linux counts in its percpu_counter in the same way.)
//
// A ToldCount is shared, and any thread's. A CountInLots is one worker's, on its thread; others may
// read its `own`.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/counter.h"

namespace weir {

// An eighth of the limit for all workers together, at most 64 a worker, at least one. `limit` 0:
// there is none.
[[nodiscard]] inline std::uint64_t lot_of(std::uint64_t limit, std::uint64_t workers) {
  constexpr std::uint64_t most = 64;
  return limit == 0 ? most : std::clamp<std::uint64_t>(limit / (8 * workers), 1, most);
}

// What all workers have told. Any thread.
class ToldCount {
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
struct CountInLots {
  Counter own;
  std::uint64_t told = 0;

  // Counts without a limit; nothing is told.
  void add() { own.add(); }
};

// Counts one, if that stays within the limit. `total`: a ToldCount, or what has its functions.
template <typename Total>
[[nodiscard]] bool try_add(CountInLots& mine, Total& total, std::uint64_t limit,
                           std::uint64_t lot) {
  std::uint64_t untold = mine.own.get() - mine.told;
  if (untold >= lot) {  // the limit is new, or smaller than it was
    total.add(untold);
    mine.told += untold;
    untold = 0;
  }
  ++untold;
  if (untold < lot) {
    if (total.get() + untold > limit) {
      return false;
    }
  } else if (total.try_add(untold, limit)) {
    mine.told += untold;
  } else {
    return false;
  }
  mine.own.add();
  return true;
}

// Counts one, whatever the limit: this worker has just taken away another, which makes room.
template <typename Total>
void add_in_place(CountInLots& mine, Total& total, std::uint64_t lot) {
  mine.own.add();
  const std::uint64_t untold = mine.own.get() - mine.told;
  if (untold >= lot) {
    total.add(untold);
    mine.told += untold;
  }
}

// Takes one away. REQUIRES: mine.own.get() > 0
template <typename Total>
void subtract(CountInLots& mine, Total& total, std::uint64_t lot) {
  mine.own.subtract();
  const std::uint64_t own = mine.own.get();
  if (own < mine.told) {
    const std::uint64_t less = std::min(std::max(lot, mine.told - own), mine.told);
    mine.told -= less;
    total.subtract(less);
  }
}

}  // namespace weir
