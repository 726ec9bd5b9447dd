#include "flow/own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <memory>

namespace weir {

bool OwnAddresses::has(const Address& address, Instant now) {
  if (address.is_loopback()) {
    return true;
  }
  if (now >= until_) {
    read();
    until_ = now + valid_for;
  }
  return known_.contains(address);
}

void OwnAddresses::read() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) {
    return;  // what was known stays valid
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(first, freeifaddrs);
  known_.clear();
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) {
      continue;
    }
    if (one->ifa_addr->sa_family == AF_INET) {
      known_.insert(Address::v4(reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr));
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr);
      known_.insert(Address::v6(v6->sin6_addr, v6->sin6_scope_id));
    }
  }
}

}  // namespace weir
