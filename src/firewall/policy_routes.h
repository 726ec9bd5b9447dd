// The kernel's policy rules and the routes of one table, asked over netlink: no program is started,
// so that the gateway can ask as often as something changes. What weir needs of them is a few rules
// (policy_rules.h) and one route a family.
//
// Plain values; asking blocks, for microseconds. Any thread. Reading needs no privilege.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "firewall/policy_rules.h"
#include "firewall/ruleset.h"
#include "weir/endpoint.h"
#include "weir/result.h"

namespace weir::firewall {

struct TableRoute {
  Family family = Family::v4;
  std::uint32_t table = 0;
  std::uint8_t protocol = 0;
  std::uint8_t type = 0;    // RTN_LOCAL, RTN_UNICAST, …
  std::string destination;  // "default", "192.0.2.0/24"
  unsigned interface = 0;   // its number
  friend bool operator==(const TableRoute&, const TableRoute&) = default;
};

[[nodiscard]] Result<std::vector<PolicyRule>> read_policy_rules(Family family);
[[nodiscard]] Result<std::vector<TableRoute>> read_routes(Family family, std::uint32_t table);

// The families that the kernel can route: not IPv6 where it is missing or switched off.
[[nodiscard]] std::vector<Family> routed_families();
[[nodiscard]] std::string_view name_of(Family family);

// Whether this list has what the ruleset needs.
[[nodiscard]] bool has_route(std::span<const TableRoute> routes, const Ruleset& ruleset);

// While it is down the kernel has no route by it, and takes none.
[[nodiscard]] bool lo_is_up();

// What is missing, in words: "the IPv6 policy rule at priority 50", "the IPv4 route in table 100".
// Empty: nothing, or nothing that could be put back before lo is up.
[[nodiscard]] Result<std::vector<std::string>> missing_policy_routes(const Ruleset& ruleset);

// One message of a dump; none for other kinds.
[[nodiscard]] std::optional<PolicyRule> policy_rule_in(std::span<const std::byte> message);
[[nodiscard]] std::optional<TableRoute> route_in(std::span<const std::byte> message);

}  // namespace weir::firewall
