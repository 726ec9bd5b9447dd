// Ranges of addresses as numbers, a type for each family, so that they are sorted, joined and cut
// by the same code. Pure; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "base/address_number.h"
#include "weir/endpoint.h"

namespace weir {

template <typename Number>
inline constexpr unsigned bits_in = sizeof(Number) * 8;

// REQUIRES: the address is of the number's family.
template <typename Number>
[[nodiscard]] Number number_of(const Address& address) {
  if constexpr (std::is_same_v<Number, Narrow>) {
    return narrow(address);
  } else {
    return wide(address);
  }
}

[[nodiscard]] inline Address address_of(Narrow number) { return Address::v4(number); }

[[nodiscard]] inline Address address_of(const Wide& number) {
  in6_addr out{};
  for (unsigned i = 0; i < 8; ++i) {
    out.s6_addr[i] = static_cast<std::uint8_t>(number.high >> (56U - 8 * i));
    out.s6_addr[i + 8] = static_cast<std::uint8_t>(number.low >> (56U - 8 * i));
  }
  return Address::v6(out);
}

// The first and the last number of the prefix of that length which `number` is in.
[[nodiscard]] constexpr Narrow first_of(Narrow number, unsigned length) {
  return number & ~host_bits<Narrow>(length);
}
[[nodiscard]] constexpr Narrow last_of(Narrow number, unsigned length) {
  return number | host_bits<Narrow>(length);
}
[[nodiscard]] constexpr Wide first_of(const Wide& number, unsigned length) {
  const unsigned high = std::min(length, 64U);
  return {number.high & ~host_bits<std::uint64_t>(high),
          number.low & ~host_bits<std::uint64_t>(length - high)};
}
[[nodiscard]] constexpr Wide last_of(const Wide& number, unsigned length) {
  const unsigned high = std::min(length, 64U);
  return {number.high | host_bits<std::uint64_t>(high),
          number.low | host_bits<std::uint64_t>(length - high)};
}

// The first 64 bits, which keep the order.
[[nodiscard]] constexpr std::uint64_t top_of(Narrow number) { return number; }
[[nodiscard]] constexpr std::uint64_t top_of(const Wide& number) { return number.high; }

// Whether a prefix is of the IPv6 numbers that stand for IPv4 addresses (RFC 4291,
// section 2.5.5.2): no IPv6 packet has one, and weir/endpoint.h takes them for IPv4.
[[nodiscard]] constexpr bool is_mapped(Narrow /*first*/, unsigned /*length*/) { return false; }
[[nodiscard]] constexpr bool is_mapped(const Wide& first, unsigned length) {
  constexpr unsigned mapped_length = 96;
  return length >= mapped_length && first.high == 0 && first.low >> 32U == 0xffffU;
}

// The fewest prefixes that make up first…last, in order: `take(first, length)` gets each.
// REQUIRES: first <= last.
template <typename Number, typename Take>
void split_range(Number first, const Number& last, const Take& take) {
  while (true) {
    unsigned length = bits_in<Number>;
    while (length > 0 && first_of(first, length - 1) == first &&
           last_of(first, length - 1) <= last) {
      --length;
    }
    take(first, static_cast<std::uint8_t>(length));
    const Number end = last_of(first, length);
    if (end == last) {
      return;
    }
    first = number_after(end);
  }
}

}  // namespace weir
