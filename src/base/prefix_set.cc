#include "base/prefix_set.h"

#include <algorithm>
#include <cstddef>

namespace weir {
namespace {

// Sorts, and joins ranges that overlap or touch.
template <typename Ranges>
void join(Ranges& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first <= ranges[kept].last ||
        ranges[i].first == number_after(ranges[kept].last)) {
      ranges[kept].last = std::max(ranges[kept].last, ranges[i].last);
    } else {
      ranges[++kept] = ranges[i];
    }
  }
  if (!ranges.empty()) {
    ranges.resize(kept + 1);
  }
  ranges.shrink_to_fit();
}

template <typename Ranges, typename Number>
bool within(const Ranges& ranges, const Number& first, const Number& last) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), first,
                       [](const Number& n, const auto& range) { return n < range.first; });
  return after != ranges.begin() && last <= std::prev(after)->last;
}

}  // namespace

PrefixSet::PrefixSet(std::span<const Prefix> prefixes) {
  for (const Prefix& prefix : prefixes) {
    if (prefix.address.is_v4()) {
      v4_.push_back(narrow_range(prefix));
    } else {
      v6_.push_back(wide_range(prefix));
    }
  }
  join(v4_);
  join(v6_);
}

bool PrefixSet::contains(const Address& address) const {
  if (address.is_v4()) {
    const Narrow number = narrow(address);
    return within(v4_, number, number);
  }
  const Wide number = wide(address);
  return within(v6_, number, number);
}

bool PrefixSet::contains(const Prefix& prefix) const {
  if (prefix.address.is_v4()) {
    const auto range = narrow_range(prefix);
    return within(v4_, range.first, range.last);
  }
  const auto range = wide_range(prefix);
  return within(v6_, range.first, range.last);
}

bool PrefixSet::covers(Family family) const { return contains(Prefix{Address::any(family), 0}); }

}  // namespace weir
