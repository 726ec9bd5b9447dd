// How often something may happen: a token bucket. Part of what it limits. One thread; time is
// handed in.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "weir/units.h"

namespace weir {

class TokenBucket {
 public:
  // So many at once, and so many each second after that.
  TokenBucket(std::int64_t burst, std::int64_t per_second)
      : burst_(burst * unit), per_second_(per_second), left_(burst_) {}

  // True, and one less, while there is some left.
  [[nodiscard]] bool take(Instant now) {
    if (now > last_) {
      // In millionths, so that nothing is lost between two calls. An hour fills any bucket.
      constexpr std::int64_t hour = std::int64_t{3600} * unit;
      const std::int64_t passed = std::min<std::int64_t>((now - last_).count(), hour);
      left_ = std::min(burst_, left_ + passed * per_second_);
      last_ = now;
    }
    if (left_ < unit) {
      return false;
    }
    left_ -= unit;
    return true;
  }

 private:
  static constexpr std::int64_t unit = 1'000'000;

  std::int64_t burst_;
  std::int64_t per_second_;
  std::int64_t left_;
  Instant last_{};
};

}  // namespace weir
