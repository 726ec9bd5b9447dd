// A CIDR prefix of either family. Plain values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/endpoint.h"
#include "weir/result.h"

namespace weir {

struct Prefix {
  Address address;          // bits after `length` are zero
  std::uint8_t length = 0;  // in bits of the address's own family: 0…32 or 0…128

  // "192.0.2.0/24", "fd00::/8", or a lone address. Host bits that are set are an error that says
  // which prefix was probably meant.
  static Result<Prefix> parse(std::string_view text);
  // Never true across families: ::/0 has no IPv4 address in it.
  [[nodiscard]] bool contains(const Address& other) const;
  [[nodiscard]] bool contains(const Prefix& other) const;
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

// The first `length` bits of an address, counted in its own family; the others zero, no scope.
[[nodiscard]] Address network_of(const Address& address, std::uint8_t length);

}  // namespace weir
