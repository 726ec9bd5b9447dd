// Weighted round-robin, smooth: with weights 5, 1 and 1 the turns go a a b a c a a, not a a a a a b
// c. The order of turns is laid down once; taking one is an atomic increment, so all workers
// together keep the weights exactly.
//
// Owner and threads: balancer.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "balance/balancer.h"

namespace weir {

class RoundRobin final : public Balancer {
 public:
  // Weights of 1 and more; at most 65,535 of them.
  explicit RoundRobin(std::span<const int> weights);
  explicit RoundRobin(std::span<const Candidate> candidates);

  [[nodiscard]] std::optional<std::size_t> choose(const Candidates& candidates,
                                                  const BalanceKey& key) const override;

  // The first candidate of this turn, then those of the turns after it: each candidate once.
  // `visit(index)` returns true to stop. REQUIRES: there is a candidate.
  template <typename F>
  void turn(F visit) const {
    const auto start = next_.fetch_add(1, std::memory_order_relaxed);
    const auto first = order_[start % order_.size()];
    if (visit(first)) {
      return;
    }
    std::vector<bool> seen(count_);
    seen[first] = true;
    std::size_t left = count_ - 1;
    for (std::size_t i = 1; left != 0; ++i) {
      const auto index = order_[(start + i) % order_.size()];
      if (!seen[index]) {
        seen[index] = true;
        --left;
        if (visit(index)) {
          return;
        }
      }
    }
  }

 private:
  std::size_t count_;
  std::vector<std::uint16_t> order_;
  mutable std::atomic<std::uint64_t> next_{0};
};

}  // namespace weir
