// The reader's side of a seqlock: a version that is odd while its one writer changes the words it
// guards, and another one afterwards.
//
// Any thread; takes no lock.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir::seqlock {

// A write is shorter than so many tries: after them the reader takes the writer to be off its
// processor.
inline constexpr int tries_before_yield = 64;

// What `copy` returns when no write came between. `copy` may read torn words meanwhile, and reads
// them with memory_order_acquire. `yield` lets the writer run, which may share this processor.
template <typename Copy, typename Yield>
auto read(const std::atomic<std::uint32_t>& version, Copy copy, Yield yield) {
  for (int tries = 1;; ++tries) {
    const auto before = version.load(std::memory_order_acquire);
    auto out = copy();
    if (before % 2 == 0 && version.load(std::memory_order_relaxed) == before) {
      return out;
    }
    if (tries >= tries_before_yield) {
      yield();
      tries = 0;
    }
  }
}

}  // namespace weir::seqlock
