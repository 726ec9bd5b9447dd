#include "firewall/address_kind.h"

#include <linux/rtnetlink.h>

#include <optional>

#include "base/prefix.h"

namespace weir::firewall {

namespace {

AddressKind kind_of_route(std::uint8_t type) {
  switch (type) {
    case RTN_LOCAL:
      return AddressKind::local;
    case RTN_BROADCAST:
      return AddressKind::broadcast;
    case RTN_ANYCAST:
      return AddressKind::anycast;
    case RTN_MULTICAST:
      return AddressKind::multicast;
    default:
      return AddressKind::unicast;
  }
}

}  // namespace

AddressKind kind_of(const Address& address) {
  const auto local = read_routes(address.family(), RT_TABLE_LOCAL);
  return kind_of(address, local.ok() ? local.value() : std::vector<TableRoute>{});
}

AddressKind kind_of(const Address& address, std::span<const TableRoute> local) {
  if (address.is_multicast()) {
    return AddressKind::multicast;
  }
  // As the kernel has it, without looking at its routes: 0.0.0.0/8 and the limited broadcast.
  if (address.is_v4() &&
      (address.bytes()[12] == 0 || address == Address::v4(std::uint32_t{0xffffffff}))) {
    return AddressKind::broadcast;
  }
  AddressKind kind = AddressKind::unicast;
  std::optional<std::uint8_t> longest;
  for (const TableRoute& route : local) {
    const auto prefix = Prefix::parse(route.destination);
    if (prefix.ok() && prefix.value().contains(address) &&
        (!longest || prefix.value().length > *longest)) {
      longest = prefix.value().length;
      kind = kind_of_route(route.type);
    }
  }
  return kind;
}

}  // namespace weir::firewall
