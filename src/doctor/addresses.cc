#include "doctor/addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#include "base/names.h"

namespace weir::doctor {

namespace {

sockaddr_storage storage_of(const sockaddr* address) {
  sockaddr_storage out{};
  std::memcpy(&out, address,
              address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
  return out;
}

bool is_link_local(const Address& address) {
  return !address.is_v4() && address.bytes()[0] == 0xfe && (address.bytes()[1] & 0xc0U) == 0x80;
}

// The bits of a netmask, counted as they are: read as an address, ffff:… could be v4-mapped.
std::uint8_t mask_length(const ifaddrs& one) {
  int bits = 0;
  if (one.ifa_addr->sa_family == AF_INET) {
    sockaddr_in mask{};
    std::memcpy(&mask, one.ifa_netmask, sizeof(mask));
    bits = std::popcount(mask.sin_addr.s_addr);
  } else {
    sockaddr_in6 mask{};
    std::memcpy(&mask, one.ifa_netmask, sizeof(mask));
    for (const std::uint8_t byte : mask.sin6_addr.s6_addr) {
      bits += std::popcount(byte);
    }
  }
  return static_cast<std::uint8_t>(bits);
}

}  // namespace

std::vector<InterfaceAddress> interface_addresses() {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) {
    return {};
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(raw, freeifaddrs);
  std::vector<InterfaceAddress> all;
  for (const ifaddrs* one = list.get(); one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_netmask == nullptr ||
        (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6)) {
      continue;
    }
    const Address address = Endpoint::from(storage_of(one->ifa_addr)).address;
    if (address.is_loopback() || is_link_local(address)) {
      continue;
    }
    const std::uint8_t length = mask_length(*one);
    all.push_back({one->ifa_name, address, {network_of(address, length), length}});
  }
  return all;
}

const InterfaceAddress* on_link(std::span<const InterfaceAddress> all, const Address& address) {
  const InterfaceAddress* best = nullptr;
  for (const InterfaceAddress& one : all) {
    if (one.subnet.contains(address) &&
        (best == nullptr || one.subnet.length > best->subnet.length)) {
      best = &one;
    }
  }
  return best;
}

bool is_of_this_router(std::span<const InterfaceAddress> all, const Address& address) {
  return address.is_loopback() ||
         std::any_of(all.begin(), all.end(),
                     [&](const InterfaceAddress& one) { return one.address == address; });
}

bool is_client_side(const Subject& subject, const std::string& interface) {
  const firewall::Ruleset& rules = subject.ruleset;
  return rules.inbound == Inbound::named
             ? std::any_of(
                   rules.interfaces.begin(), rules.interfaces.end(),
                   [&](const std::string& pattern) { return covers_interface(pattern, interface); })
             : std::find(rules.outside.begin(), rules.outside.end(), interface) ==
                   rules.outside.end();
}

}  // namespace weir::doctor
