// Addresses as numbers, for sorting and searching: IPv4 ones in 32 bits, the others in 128.
//
// Plain values; any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/prefix.h"
#include "weir/endpoint.h"

namespace weir {

using Narrow = std::uint32_t;

struct Wide {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Wide&, const Wide&) = default;
};
// Without a branch, for searches.
[[nodiscard]] constexpr bool operator<(const Wide& a, const Wide& b) {
  return (a.high < b.high) | ((a.high == b.high) & (a.low < b.low));
}
[[nodiscard]] constexpr bool operator<=(const Wide& a, const Wide& b) { return !(b < a); }

[[nodiscard]] constexpr Narrow number_after(Narrow number) { return number + 1; }
[[nodiscard]] constexpr Wide number_after(const Wide& number) {
  return {number.high + (number.low == UINT64_MAX ? 1U : 0U), number.low + 1};
}

// REQUIRES: address.is_v4()
[[nodiscard]] inline Narrow narrow(const Address& address) { return ntohl(address.to_v4().s_addr); }

[[nodiscard]] inline Wide wide(const Address& address) {
  const auto half = [&](std::size_t from) {
    std::uint64_t out = 0;
    for (std::size_t i = from; i < from + 8; ++i) {
      out = out << 8U | address.bytes()[i];
    }
    return out;
  };
  return {half(0), half(8)};
}

// From the first address of a prefix to its last.
template <typename Number>
struct NumberRange {
  Number first;
  Number last;
};

// All bits after the first `length`. REQUIRES: length <= the width of Number.
template <typename Number>
[[nodiscard]] constexpr Number host_bits(unsigned length) {
  constexpr unsigned width = sizeof(Number) * 8;
  return length == width ? 0 : static_cast<Number>(~Number{0}) >> length;
}

// REQUIRES: prefix.address.is_v4()
[[nodiscard]] inline NumberRange<Narrow> narrow_range(const Prefix& prefix) {
  const Narrow first = narrow(prefix.address);
  return {first, first | host_bits<Narrow>(prefix.length)};
}

[[nodiscard]] inline NumberRange<Wide> wide_range(const Prefix& prefix) {
  const Wide first = wide(prefix.address);
  const unsigned of_high = std::min<unsigned>(prefix.length, 64);
  const unsigned of_low = prefix.length - of_high;
  return {first,
          {first.high | host_bits<std::uint64_t>(of_high),
           first.low | host_bits<std::uint64_t>(of_low)}};
}

}  // namespace weir
