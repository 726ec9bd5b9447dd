// What an address is to this machine: the question that the rulesets ask of every destination
// (nft: fib daddr type, iptables: addrtype) before they look at any rule.
//
// Any thread.
#pragma once

#include <cstdint>
#include <span>

#include "firewall/policy_routes.h"
#include "weir/endpoint.h"

namespace weir::firewall {

enum class AddressKind : std::uint8_t { unicast, local, broadcast, anycast, multicast };

// Asks the kernel, which knows the broadcast addresses of its subnets. What it does not say is
// unicast.
[[nodiscard]] AddressKind kind_of(const Address& address);

// By the routes of the table `local`.
[[nodiscard]] AddressKind kind_of(const Address& address, std::span<const TableRoute> local);

}  // namespace weir::firewall
