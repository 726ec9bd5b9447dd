#include "balance/random_two.h"

#include <algorithm>

#include "balance/stable_hash.h"

namespace weir {
namespace {

// Tries that may fall on candidates that are not usable, or on the same one, before all are looked
// at.
constexpr int max_tries = 16;

}  // namespace

RandomTwo::RandomTwo(std::span<const Candidate> candidates) {
  std::uint64_t sum = 0;
  for (const Candidate& candidate : candidates) {
    sum += static_cast<std::uint64_t>(candidate.weight);
    sums_.push_back(sum);
  }
}

std::size_t RandomTwo::drawn(std::uint64_t random) const {
  const auto at = std::upper_bound(sums_.begin(), sums_.end(), random % sums_.back());
  return static_cast<std::size_t>(at - sums_.begin());
}

std::optional<std::size_t> RandomTwo::choose(const Candidates& candidates,
                                             const BalanceKey& key) const {
  if (sums_.empty()) {
    return std::nullopt;
  }
  std::optional<std::size_t> first;
  std::uint64_t random = key.random;
  for (int i = 0; i < max_tries; ++i) {
    random = mixed(random);
    const std::size_t index = drawn(random);
    if (index == first || !candidates.usable(index)) {
      continue;
    }
    if (!first) {
      first = index;
      continue;
    }
    const bool better = (candidates.load(index) + 1) * weight(*first) <
                        (candidates.load(*first) + 1) * weight(index);
    return better ? index : *first;
  }
  for (std::size_t i = 0; i < sums_.size() && !first; ++i) {
    const std::size_t index = (random + i) % sums_.size();
    if (candidates.usable(index)) {
      first = index;
    }
  }
  return first;
}

}  // namespace weir
