#include "base/masked_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <optional>

#include "base/text.h"

namespace weir {
namespace {

using Bits = MaskedAddress::Bits;

std::optional<Bits> ipv6(std::string_view text) {
  Bits out{};
  if (text.find('\0') != std::string_view::npos ||
      inet_pton(AF_INET6, std::string(text).c_str(), out.data()) != 1) {
    return std::nullopt;
  }
  return out;
}

Bits both(const Bits& a, const Bits& b) {
  Bits out{};
  std::transform(a.begin(), a.end(), b.begin(), out.begin(),
                 [](unsigned x, unsigned y) { return static_cast<std::uint8_t>(x & y); });
  return out;
}

bool is_within(const Bits& part, const Bits& whole) { return both(part, whole) == part; }

// As RFC 5952 has it, but never with an IPv4 tail: inet_ntop makes ::0.1.0.16 of ::1:10.
std::string groups(const Bits& bits) {
  constexpr std::size_t count = 8;
  const auto group = [&](std::size_t i) { return bits[2 * i] << 8U | bits[2 * i + 1]; };
  std::size_t begin = count;
  std::size_t length = 1;  // one group of zeros is written as 0
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t end = i;
    while (end < count && group(end) == 0) {
      ++end;
    }
    if (end - i > length) {
      begin = i;
      length = end - i;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == begin) {
      out += "::";
      i += length - 1;
    } else {
      out += (out.empty() || out.ends_with(':') ? "" : ":") + fmt::format("{:x}", group(i));
    }
  }
  return out;
}

// 255.255.255.0 is 24.
std::optional<int> length_of_netmask(std::string_view text) {
  in_addr raw{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &raw) != 1) {
    return std::nullopt;
  }
  const std::uint32_t inverse = ~ntohl(raw.s_addr);
  if ((inverse & (inverse + 1)) != 0) {
    return std::nullopt;
  }
  int length = 32;
  for (std::uint32_t rest = inverse; rest != 0; rest >>= 1U) {
    --length;
  }
  return length;
}

}  // namespace

bool MaskedAddress::is_meant(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos &&
         text.find_first_of(":.", slash) != std::string_view::npos;
}

Result<MaskedAddress> MaskedAddress::parse(std::string_view text) {
  const auto slash = std::min(text.find('/'), text.size());
  const std::string_view address = text.substr(0, slash);
  const std::string_view behind = text.substr(std::min(slash + 1, text.size()));
  if (const auto length = length_of_netmask(behind)) {
    return Error(quoted(text) + " has a netmask of IPv4, did you mean '" + std::string(address) +
                 "/" + std::to_string(*length) + "'?");
  }
  const auto value = ipv6(address);
  const auto mask = ipv6(behind);
  if (!value || !mask) {
    return Error(quoted(text) + " is no IPv6 address and mask (like ::10/::ffff:ffff:ffff:ffff)");
  }
  if (*mask == Bits{}) {
    return Error(quoted(text) + " has a mask without a bit: every IPv6 address is '::/0'");
  }
  MaskedAddress out(both(*value, *mask), *mask);
  if (out.value_ != *value) {
    return Error(quoted(text) + " has bits outside its mask, did you mean '" + out.text() + "'?");
  }
  return out;
}

MaskedAddress MaskedAddress::of(const Prefix& prefix) {
  assert(prefix.address.family() == Family::v6 && "a masked address is one of IPv6");
  in6_addr all{};
  std::fill(std::begin(all.s6_addr), std::end(all.s6_addr), std::uint8_t{0xff});
  return {prefix.address.bytes(), network_of(Address::v6(all), prefix.length).bytes()};
}

bool MaskedAddress::holds(const Address& address) const {
  return !address.is_v4() && both(address.bytes(), mask_) == value_;
}

bool MaskedAddress::covers(const MaskedAddress& other) const {
  return is_within(mask_, other.mask_) && both(other.value_, mask_) == value_;
}

bool MaskedAddress::meets(const MaskedAddress& other) const {
  return both(value_, other.mask_) == both(other.value_, mask_);
}

std::string MaskedAddress::text() const { return groups(value_) + "/" + groups(mask_); }

}  // namespace weir
