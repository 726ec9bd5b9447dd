// Two candidates are drawn by their weights, and the one with fewer flows for its weight gets it
// (Mitzenmacher, "The power of two choices"): nearly as even as looking at all candidates, at the
// cost of looking at two, and without all flows running to the same one.
//
// Owner and threads: balancer.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "balance/balancer.h"

namespace weir {

class RandomTwo final : public Balancer {
 public:
  explicit RandomTwo(std::span<const Candidate> candidates);

  [[nodiscard]] std::optional<std::size_t> choose(const Candidates& candidates,
                                                  const BalanceKey& key) const override;

 private:
  [[nodiscard]] std::size_t drawn(std::uint64_t random) const;
  [[nodiscard]] std::uint64_t weight(std::size_t index) const {
    return index == 0 ? sums_[0] : sums_[index] - sums_[index - 1];
  }

  std::vector<std::uint64_t> sums_;  // of the weights up to each
};

}  // namespace weir
