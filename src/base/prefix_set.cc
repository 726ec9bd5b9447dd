#include "base/prefix_set.h"

#include <algorithm>
#include <cstddef>

namespace weir {
namespace {

std::uint32_t narrow(const Address& address) { return ntohl(address.to_v4().s_addr); }

std::uint64_t half(const Address& address, std::size_t from) {
  std::uint64_t out = 0;
  for (std::size_t i = from; i < from + 8; ++i) {
    out = out << 8U | address.bytes()[i];
  }
  return out;
}

// All bits after the first `length`. REQUIRES: length <= the width of Number.
template <typename Number>
Number host_bits(unsigned length) {
  constexpr unsigned width = sizeof(Number) * 8;
  return length == width ? 0 : static_cast<Number>(~Number{0}) >> length;
}

std::uint32_t next(std::uint32_t number) { return number + 1; }

template <typename Wide>
Wide next(const Wide& number) {
  return {number.high + (number.low == UINT64_MAX ? 1U : 0U), number.low + 1};
}

// Sorts, and joins ranges that overlap or touch.
template <typename Ranges>
void join(Ranges& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first <= ranges[kept].last || ranges[i].first == next(ranges[kept].last)) {
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

PrefixSet::Range<std::uint32_t> PrefixSet::narrow_range(const Prefix& prefix) {
  const std::uint32_t first = narrow(prefix.address);
  return {first, first | host_bits<std::uint32_t>(prefix.length)};
}

PrefixSet::Range<PrefixSet::Wide> PrefixSet::wide_range(const Prefix& prefix) {
  const Wide first{half(prefix.address, 0), half(prefix.address, 8)};
  const unsigned of_high = std::min<unsigned>(prefix.length, 64);
  const unsigned of_low = prefix.length - of_high;
  return {first,
          {first.high | host_bits<std::uint64_t>(of_high),
           first.low | host_bits<std::uint64_t>(of_low)}};
}

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
    const std::uint32_t number = narrow(address);
    return within(v4_, number, number);
  }
  const Wide number{half(address, 0), half(address, 8)};
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
