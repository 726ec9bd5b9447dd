// The key of a flow's choice under one balancing policy: a hash of the client or the flow where the
// policy hashes, a random number where it does not.
//
// One in each pool and group; immutable but for one atomic. Any thread, without a lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "balance/balancer.h"
#include "weir/flow.h"

namespace weir {

class BalanceKeySource {
 public:
  // `word`: one of balance_words; for any other the key is random.
  explicit BalanceKeySource(std::string_view word);

  [[nodiscard]] BalanceKey key_of(const Flow& flow) const;

 private:
  enum class Hashed : std::uint8_t { nothing, source, flow };

  Hashed hashed_;
  mutable std::atomic<std::uint64_t> sequence_{0};
};

}  // namespace weir
