#include "flow/destination.h"

#include <algorithm>

#include "base/local_address.h"

namespace weir {
namespace {

// ::/96: the unspecified address, loopback, and the old IPv4-compatible ones.
bool begins_with_zeros(const Address& address) {
  const auto& bytes = address.bytes();
  return std::all_of(bytes.begin(), bytes.begin() + 12,
                     [](std::uint8_t byte) { return byte == 0; });
}

// 0.0.0.0/8 and the limited broadcast.
bool means_this_network(const Address& address) {
  const auto& bytes = address.bytes();
  return bytes[12] == 0 || std::all_of(bytes.begin() + 12, bytes.end(),
                                       [](std::uint8_t byte) { return byte == 0xff; });
}

bool is_link_local(const Address& address) {
  const in6_addr six = address.to_v6();
  return !address.is_v4() && IN6_IS_ADDR_LINKLOCAL(&six);
}

}  // namespace

bool is_nowhere(const Endpoint& endpoint) {
  const Address& address = endpoint.address;
  return endpoint.port == 0 || address.is_loopback() || address.is_multicast() ||
         (address.is_v4() ? means_this_network(address) : begins_with_zeros(address));
}

bool is_invalid_destination(const Endpoint& destination) {
  return is_nowhere(destination) ||
         (is_link_local(destination.address) && !is_local_address(destination.address));
}

}  // namespace weir
