// The router's policy rules (ip rule), as far as they bear on what weir's own sockets are: read
// over netlink, handed to workers as a value.
//
// Values, immutable once shared. Parsing is pure; reading blocks for microseconds. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/netlink.h"
#include "weir/endpoint.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

struct RoutingRule {
  Family family = Family::v4;
  std::uint32_t priority = 0;
  std::uint32_t table = 0;
  std::uint8_t protocol = 0;  // the program that made it
  Mark mark;                  // mask 0: does not look at the mark
  std::string inbound;        // iif
  std::string outbound;       // oif
  bool by_source = false;     // from
  bool by_more = false;       // anything else: to, tos, ports, users, …
  friend bool operator==(const RoutingRule&, const RoutingRule&) = default;
};

// Of an RTM_NEWRULE; none for other messages.
[[nodiscard]] std::optional<RoutingRule> routing_rule_in(netlink::Bytes message);

// Whether it looks at what a forwarded packet has, and a socket of the gateway's has not: the
// interface that it came in by, or its sender.
[[nodiscard]] bool matches_packet(const RoutingRule& rule);

struct RoutingRules {
  std::vector<RoutingRule> rules;
  bool v4_matches = false;  // some of them look at packets
  bool v6_matches = false;
  [[nodiscard]] bool match_packets(Family family) const {
    return family == Family::v4 ? v4_matches : v6_matches;
  }
};
[[nodiscard]] RoutingRules routing_rules_of(std::vector<RoutingRule> rules);
[[nodiscard]] Result<RoutingRules> read_routing_rules();

// A rule of weir's own: sockets with the bypass-mark that are bound to that interface look into
// that table. So a socket can be told which of the operator's tables to take its next hop from.
[[nodiscard]] Result<> add_own_rule(Family family, Mark bypass, const std::string& outbound,
                                    std::uint32_t table);
// Takes all of those away.
Result<> remove_own_rules();

}  // namespace weir
