#include "base/prefix.h"

#include <algorithm>

#include "base/quantity.h"

namespace weir {
namespace {

// IPv4 lives in the last 32 of the 128 bits.
unsigned bits_before(Family family) { return family == Family::v4 ? 96U : 0U; }

}  // namespace

Address network_of(const Address& address, std::uint8_t length) {
  const unsigned kept = bits_before(address.family()) + length;
  in6_addr out{};
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned here = std::clamp(kept, i * 8, i * 8 + 8) - i * 8;
    const unsigned mask = 0xff00U >> here & 0xffU;
    out.s6_addr[i] = static_cast<std::uint8_t>(address.bytes()[i] & mask);
  }
  return Address::v6(out);
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return Error("'" + std::string(text) + "' " + std::string(why));
  };
  if (text.find('%') != std::string_view::npos) {
    return wrong("names an interface: a prefix can't");
  }
  const auto slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) {
    return wrong("is neither an address nor a prefix (ADDRESS/LENGTH)");
  }
  const int max = address.value().is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) {
    return Prefix{address.value(), static_cast<std::uint8_t>(max)};
  }
  const auto length = parse_number(text.substr(slash + 1));
  if (!length || length.value() > max) {
    return wrong("needs a length of 0 to " + std::to_string(max) + " after the '/'");
  }
  const Prefix out{network_of(address.value(), static_cast<std::uint8_t>(length.value())),
                   static_cast<std::uint8_t>(length.value())};
  if (out.address != address.value()) {
    return wrong("has host bits set, did you mean '" + out.text() + "'?");
  }
  return out;
}

bool Prefix::contains(const Address& other) const {
  return other.family() == address.family() && network_of(other, length) == address;
}

bool Prefix::contains(const Prefix& other) const {
  return other.length >= length && contains(other.address);
}

std::string Prefix::text() const {
  const bool lone = length == (address.is_v4() ? 32 : 128);
  return lone ? address.text() : address.text() + "/" + std::to_string(length);
}

}  // namespace weir
