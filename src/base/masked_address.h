// IPv6 addresses by some of their bits: `::10/::ffff:ffff:ffff:ffff` is the interface part ::10
// behind whatever prefix the provider gives today. The firewall matches the same two numbers.
// A plain value; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/prefix.h"
#include "weir/endpoint.h"
#include "weir/result.h"

namespace weir {

class MaskedAddress {
 public:
  using Bits = std::array<std::uint8_t, 16>;

  // Whether the text is meant as one: what follows its '/' is an address, not a length.
  [[nodiscard]] static bool is_meant(std::string_view text);
  // "ADDRESS/MASK", both IPv6. Bits that the mask leaves out are an error that says what was
  // probably meant.
  static Result<MaskedAddress> parse(std::string_view text);
  // REQUIRES: a prefix of IPv6.
  static MaskedAddress of(const Prefix& prefix);

  // Never true for IPv4.
  [[nodiscard]] bool holds(const Address& address) const;
  // True when this holds for every address that `other` holds for.
  [[nodiscard]] bool covers(const MaskedAddress& other) const;
  // True when there is an address that both hold for.
  [[nodiscard]] bool meets(const MaskedAddress& other) const;
  [[nodiscard]] const Bits& value() const { return value_; }
  [[nodiscard]] const Bits& mask() const { return mask_; }
  // What parse() takes.
  [[nodiscard]] std::string text() const;

  friend bool operator==(const MaskedAddress&, const MaskedAddress&) = default;

 private:
  MaskedAddress(const Bits& value, const Bits& mask) : value_(value), mask_(mask) {}

  Bits value_;
  Bits mask_;
};

}  // namespace weir
