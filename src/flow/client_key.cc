#include "flow/client_key.h"

#include <netinet/in.h>

#include <cstring>

#include "base/prefix.h"

namespace weir {
namespace {

// A device as an address that no client can have, for the sake of its hash.
Address placeholder_of(Neighbours::Device device) {
  in6_addr out{};
  out.s6_addr[0] = 0xff;
  std::memcpy(out.s6_addr + 8, &device, sizeof(device));
  return Address::v6(out);
}

}  // namespace

std::uint64_t client_key(const Address& address, const Limits& limits,
                         const Neighbours* neighbours) {
  if (const auto device = neighbours != nullptr ? neighbours->device_of(address) : 0; device != 0) {
    return hash_of(placeholder_of(device));
  }
  return hash_of(
      network_of(address, address.is_v4() ? limits.client_prefix_4 : limits.client_prefix_6));
}

}  // namespace weir
