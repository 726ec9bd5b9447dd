// Hashing to candidates by a lookup table (Eisenbud et al., "Maglev", NSDI 2016, section 3.4): the
// same key always meets the same candidate, every candidate gets its share, and when one is added
// or removed few other keys move. The table hangs on names and weights alone, so gateways that know
// the same servers, in whatever order, agree.
//
// A candidate that is not usable now keeps its places; only its own keys go elsewhere, each to a
// place of its own choice, and come back with it.
//
// Owner and threads: balancer.h.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "balance/balancer.h"

namespace weir {

class Maglev final : public Balancer {
 public:
  // A prime. The bigger, the fewer keys move needlessly and the more even the shares; 128 KiB. A
  // single candidate gets all keys, and takes one place.
  static constexpr std::uint32_t table_size = 65'537;

  explicit Maglev(std::span<const Candidate> candidates);

  [[nodiscard]] std::optional<std::size_t> choose(const Candidates& candidates,
                                                  const BalanceKey& key) const override;
  [[nodiscard]] std::optional<std::uint64_t> checksum() const override { return checksum_; }

  // The candidate of each place.
  [[nodiscard]] std::span<const std::uint16_t> table() const { return table_; }

 private:
  std::size_t count_;
  std::vector<std::uint16_t> table_;
  std::uint64_t checksum_ = 0;
};

}  // namespace weir
