// A set of prefixes of both families, made for asking whether an address is in it: sorted ranges
// that neither overlap nor touch, searched by halving, so that 100,000 prefixes cost 17 steps and
// no more memory than their ends.
//
// A value, immutable once made; any thread may ask.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "base/prefix.h"

namespace weir {

class PrefixSet {
 public:
  PrefixSet() = default;
  explicit PrefixSet(std::span<const Prefix> prefixes);

  [[nodiscard]] bool empty() const { return v4_.empty() && v6_.empty(); }
  [[nodiscard]] bool contains(const Address& address) const;
  // True when every address of the prefix is in the set.
  [[nodiscard]] bool contains(const Prefix& prefix) const;
  // True when every address of the family is in the set.
  [[nodiscard]] bool covers(Family family) const;

 private:
  struct Wide {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    // clang-tidy 14 takes the 0 that this compares with for a pointer.
    friend auto operator<=>(const Wide&, const Wide&) = default;  // NOLINT(modernize-use-nullptr)
  };
  template <typename Number>
  struct Range {
    Number first;
    Number last;
  };
  static Range<std::uint32_t> narrow_range(const Prefix& prefix);
  static Range<Wide> wide_range(const Prefix& prefix);

  std::vector<Range<std::uint32_t>> v4_;
  std::vector<Range<Wide>> v6_;
};

}  // namespace weir
