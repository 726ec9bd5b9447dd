// A set of prefixes of both families, made for asking whether an address is in it: sorted ranges
// that neither overlap nor touch, searched by halving, so that 100,000 prefixes cost 17 steps and
// no more memory than their ends.
//
// A value, immutable once made; any thread may ask.
#pragma once

#include <span>
#include <vector>

#include "base/address_number.h"
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
  std::vector<NumberRange<Narrow>> v4_;
  std::vector<NumberRange<Wide>> v6_;
};

}  // namespace weir
