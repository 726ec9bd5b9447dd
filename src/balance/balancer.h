// Which candidate's turn it is: one small interface, one file for each balancing policy. A balancer
// is laid out once from names and weights, is immutable but for a counter of turns, and knows
// nothing of servers or clocks: what is live comes in through Candidates, and randomness through
// BalanceKey.
//
// Owned by a tier of a pool, or by a group. Any thread, without a lock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// A candidate as it is laid out; it is known by its index in the list.
struct Candidate {
  std::string name;
  int weight = 1;  // at least 1
};

// What is true of candidates just now.
class Candidates {
 public:
  [[nodiscard]] virtual bool usable(std::size_t index) const = 0;
  [[nodiscard]] virtual std::uint64_t load(std::size_t index) const = 0;  // flows it has

 protected:
  ~Candidates() = default;
};

// What one choice depends on.
struct BalanceKey {
  std::uint64_t hash = 0;    // of the client or the flow, for those that hash
  std::uint64_t random = 0;  // for those that choose at random
};

class Balancer {
 public:
  Balancer() = default;
  virtual ~Balancer() = default;
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  // The index of a usable candidate; none when there is none.
  [[nodiscard]] virtual std::optional<std::size_t> choose(const Candidates& candidates,
                                                          const BalanceKey& key) const = 0;

  // Equal where two gateways would choose alike for every key; none where choices hang on more than
  // the key.
  [[nodiscard]] virtual std::optional<std::uint64_t> checksum() const { return std::nullopt; }
};

// The words of `balance =`, as a row of keys has them.
inline constexpr std::string_view balance_words =
    "round-robin, least-flows, random-two, source-hash, flow-hash";

// Null for another word. At most 65,535 candidates.
[[nodiscard]] std::unique_ptr<Balancer> make_balancer(std::string_view word,
                                                      std::span<const Candidate> candidates);

}  // namespace weir
