#include "balance/round_robin.h"

#include <algorithm>
#include <numeric>

namespace weir {

RoundRobin::RoundRobin(std::span<const int> weights) : count_(weights.size()) {
  int divisor = 0;
  for (const int weight : weights) {
    divisor = std::gcd(divisor, weight);
  }
  // Everybody gains its weight each turn; whoever has most takes the turn and pays the total. Equal
  // weights need no search.
  const bool equal = std::all_of(weights.begin(), weights.end(),
                                 [&](int weight) { return weight == weights.front(); });
  if (equal) {
    order_.resize(count_);
    std::iota(order_.begin(), order_.end(), std::uint16_t{0});
    return;
  }
  const int total = std::accumulate(weights.begin(), weights.end(), 0) / divisor;
  std::vector<int> credit(count_, 0);
  order_.reserve(static_cast<std::size_t>(total));
  for (int turn = 0; turn < total; ++turn) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      credit[i] += weights[i] / divisor;
      if (credit[i] > credit[best]) {
        best = i;
      }
    }
    credit[best] -= total;
    order_.push_back(static_cast<std::uint16_t>(best));
  }
}

}  // namespace weir
