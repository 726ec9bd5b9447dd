#include "balance/round_robin.h"

#include <map>
#include <numeric>
#include <utility>

namespace weir {

namespace {

// Candidates of one weight. They take the turns that fall to their weight in rounds, so that only
// the next one of each group has to be looked at: there are at most as many groups as weights,
// however many candidates.
struct Group {
  std::int64_t weight = 0;
  std::vector<std::uint16_t> members;
  std::size_t next = 0;
  std::int64_t rounds = 0;

  [[nodiscard]] std::uint16_t head() const { return members[next]; }
  void take_turn() {
    if (++next == members.size()) {
      next = 0;
      ++rounds;
    }
  }
};

std::vector<Group> by_weight(std::span<const int> weights, int divisor) {
  std::map<int, Group> groups;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    Group& group = groups[weights[i]];
    group.weight = weights[i] / divisor;
    group.members.push_back(static_cast<std::uint16_t>(i));
  }
  std::vector<Group> out;
  out.reserve(groups.size());
  for (auto& [weight, group] : groups) {
    out.push_back(std::move(group));
  }
  return out;
}

std::vector<int> weights_of(std::span<const Candidate> candidates) {
  std::vector<int> out;
  out.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    out.push_back(candidate.weight);
  }
  return out;
}

}  // namespace

RoundRobin::RoundRobin(std::span<const Candidate> candidates)
    : RoundRobin(weights_of(candidates)) {}

std::optional<std::size_t> RoundRobin::choose(const Candidates& candidates,
                                              const BalanceKey& /*key*/) const {
  std::optional<std::size_t> out;
  if (count_ == 0) {
    return out;
  }
  // The turn of a candidate that cannot take it passes to the next turn, not to a neighbour, which
  // would have two shares then.
  constexpr int max_passed = 8;
  for (int i = 0; i < max_passed; ++i) {
    const auto index = order_[next_.fetch_add(1, std::memory_order_relaxed) % order_.size()];
    if (candidates.usable(index)) {
      return index;
    }
  }
  turn([&](std::size_t index) {
    if (candidates.usable(index)) {
      out = index;
    }
    return out.has_value();
  });
  return out;
}

RoundRobin::RoundRobin(std::span<const int> weights) : count_(weights.size()) {
  int divisor = 0;
  std::int64_t total = 0;
  for (const int weight : weights) {
    divisor = std::gcd(divisor, weight);
    total += weight;
  }
  if (divisor == 0) {
    return;  // no candidates
  }
  total /= divisor;
  // Each candidate gains its weight each turn; the one that has most (the first of several) takes
  // the turn and pays the total.
  std::vector<Group> groups = by_weight(weights, divisor);
  order_.reserve(static_cast<std::size_t>(total));
  for (std::int64_t turn = 1; turn <= total; ++turn) {
    const auto credit = [&](const Group& group) {
      return turn * group.weight - group.rounds * total;
    };
    Group* best = &groups.front();
    for (Group& group : groups) {
      if (credit(group) > credit(*best) ||
          (credit(group) == credit(*best) && group.head() < best->head())) {
        best = &group;
      }
    }
    order_.push_back(best->head());
    best->take_turn();
  }
}

}  // namespace weir
