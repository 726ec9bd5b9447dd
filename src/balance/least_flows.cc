#include "balance/least_flows.h"

#include <cstdint>

namespace weir {

LeastFlows::LeastFlows(std::span<const Candidate> candidates) {
  for (const Candidate& candidate : candidates) {
    weights_.push_back(candidate.weight);
  }
}

std::optional<std::size_t> LeastFlows::choose(const Candidates& candidates,
                                              const BalanceKey& key) const {
  std::optional<std::size_t> best;
  std::uint64_t best_load = 0;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const std::size_t index = (key.random + i) % weights_.size();
    // With the flow it would get: an idle light candidate is not as good as an idle heavy one.
    const std::uint64_t load = candidates.load(index) + 1;
    const auto cost = [&](std::uint64_t flows, std::size_t other) {
      return flows * static_cast<std::uint64_t>(weights_[other]);
    };
    if ((!best || cost(load, *best) < cost(best_load, index)) && candidates.usable(index)) {
      best = index;
      best_load = load;
    }
  }
  return best;
}

}  // namespace weir
