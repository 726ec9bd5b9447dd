// Candidates of a test: who is usable, and how many flows each has.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "balance/balancer.h"

namespace weir {

struct FakeCandidates final : Candidates {
  explicit FakeCandidates(std::size_t count) : loads(count) {}
  [[nodiscard]] bool usable(std::size_t index) const override { return !out.contains(index); }
  [[nodiscard]] std::uint64_t load(std::size_t index) const override { return loads[index]; }

  std::set<std::size_t> out;
  std::vector<std::uint64_t> loads;
};

// "s0", "s1", … with these weights.
inline std::vector<Candidate> candidates_of(const std::vector<int>& weights) {
  std::vector<Candidate> out;
  for (const int weight : weights) {
    out.push_back({.name = "s" + std::to_string(out.size()), .weight = weight});
  }
  return out;
}

}  // namespace weir
