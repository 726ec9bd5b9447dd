// How long things took: counts in buckets whose bounds double, from 0.1 ms to 13 s, and one for
// what took longer. One writer and any reader, as with Counter. Part of a worker or of a
// FlowCounters; that worker's thread writes, any thread reads.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/counter.h"

namespace weir {

class Histogram {
 public:
  static constexpr std::size_t bounded = 18;
  static constexpr std::int64_t first_bound_us = 100;

  // The longest time that a bucket counts.
  [[nodiscard]] static constexpr std::int64_t bound_us(std::size_t bucket) {
    return first_bound_us << bucket;
  }

  // Of any number of histograms, added up.
  struct Sum {
    std::array<std::uint64_t, bounded + 1> buckets{};  // each without those before it
    std::int64_t us = 0;

    [[nodiscard]] std::uint64_t count() const {
      std::uint64_t all = 0;
      for (const auto bucket : buckets) {
        all += bucket;
      }
      return all;
    }
  };

  void add(std::int64_t us) {
    const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0));
    buckets_[bucket_of(time)].add();
    us_.add(time);
  }

  void add_to(Sum& sum) const {
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      sum.buckets[i] += buckets_[i].get();
    }
    sum.us += static_cast<std::int64_t>(us_.get());
  }

 private:
  // Bounds belong to the bucket below, as Prometheus' `le` has it.
  [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t us) {
    if (us <= first_bound_us) {
      return 0;
    }
    const auto doublings = std::bit_width((us - 1) / first_bound_us);
    return std::min(static_cast<std::size_t>(doublings), bounded);
  }

  std::array<Counter, bounded + 1> buckets_;
  Counter us_;
};

}  // namespace weir
