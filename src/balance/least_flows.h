// A flow goes to the candidate with the fewest flows for its weight; among equals, to one drawn by
// lot, so that servers that came up together share what comes first. Owner and threads: balancer.h.
#pragma once

#include <span>
#include <vector>

#include "balance/balancer.h"

namespace weir {

class LeastFlows final : public Balancer {
 public:
  explicit LeastFlows(std::span<const Candidate> candidates);

  [[nodiscard]] std::optional<std::size_t> choose(const Candidates& candidates,
                                                  const BalanceKey& key) const override;

 private:
  std::vector<int> weights_;
};

}  // namespace weir
