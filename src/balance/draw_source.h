// What a flow's choice hangs on under one way of balancing: the client or the flow where that way
// hashes, a lot of its own where it does not.
//
// One in each pool and group; immutable but for one atomic. Any thread, without a lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "balance/balancer.h"
#include "weir/flow.h"

namespace weir {

class DrawSource {
 public:
  // `word`: one of balance_words; for any other the draw is a lot.
  explicit DrawSource(std::string_view word);

  [[nodiscard]] Draw draw(const Flow& flow) const;

 private:
  enum class Hashed : std::uint8_t { nothing, source, flow };

  Hashed hashed_;
  mutable std::atomic<std::uint64_t> lots_{0};
};

}  // namespace weir
