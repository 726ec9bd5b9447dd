#include "firewall/policy_routes.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/netlink.h"
#include "firewall/script.h"

namespace weir::firewall {

using netlink::body_as;
using netlink::Bytes;
using netlink::each_attribute;
using netlink::read_as;

namespace {

std::uint8_t domain(Family family) {
  return static_cast<std::uint8_t>(family == Family::v4 ? AF_INET : AF_INET6);
}

std::optional<Family> family_in(std::uint8_t domain) {
  switch (domain) {
    case AF_INET:
      return Family::v4;
    case AF_INET6:
      return Family::v6;
    default:
      return std::nullopt;
  }
}

PolicyRule::Action action_in(std::uint8_t action) {
  switch (action) {
    case FR_ACT_TO_TBL:
      return PolicyRule::Action::lookup;
    case FR_ACT_GOTO:
      return PolicyRule::Action::jump;
    case FR_ACT_NOP:
      return PolicyRule::Action::nothing;
    default:
      return PolicyRule::Action::other;
  }
}

std::string prefix_text(Family family, Bytes address, int length) {
  if (family == Family::v4) {
    const auto raw = read_as<in_addr>(address);
    return raw ? Address::v4(*raw).text() + "/" + std::to_string(length) : "";
  }
  const auto raw = read_as<in6_addr>(address);
  return raw ? Address::v6(*raw).text() + "/" + std::to_string(length) : "";
}

}  // namespace

std::optional<PolicyRule> policy_rule_in(std::span<const std::byte> message) {
  const auto header = read_as<nlmsghdr>(message);
  if (!header || (header->nlmsg_type != RTM_NEWRULE && header->nlmsg_type != RTM_DELRULE)) {
    return std::nullopt;
  }
  const auto fixed = body_as<fib_rule_hdr>(message);
  const auto family = fixed ? family_in(fixed->family) : std::nullopt;
  if (!family) {
    return std::nullopt;
  }
  PolicyRule rule;
  rule.family = *family;
  rule.table = fixed->table;
  rule.action = action_in(fixed->action);
  each_attribute(message, sizeof(nlmsghdr) + sizeof(fib_rule_hdr),
                 [&](std::uint16_t type, Bytes content) {
                   const auto number = read_as<std::uint32_t>(content);
                   switch (type) {
                     case FRA_PRIORITY:
                       rule.priority = number.value_or(0);
                       break;
                     case FRA_FWMARK:
                       rule.mark.value = number.value_or(0);
                       break;
                     case FRA_FWMASK:
                       rule.mark.mask = number.value_or(0);
                       break;
                     case FRA_TABLE:
                       rule.table = number.value_or(0);
                       break;
                     case FRA_GOTO:
                       rule.target = number.value_or(0);
                       break;
                     case FRA_IIFNAME:
                       rule.inbound = netlink::text_of(content);
                       break;
                     case FRA_PROTOCOL:
                       rule.protocol = read_as<std::uint8_t>(content).value_or(0);
                       break;
                     default:
                       break;
                   }
                 });
  if (rule.action != PolicyRule::Action::lookup) {
    rule.table = 0;
  }
  return rule;
}

std::optional<TableRoute> route_in(std::span<const std::byte> message) {
  const auto header = read_as<nlmsghdr>(message);
  if (!header || (header->nlmsg_type != RTM_NEWROUTE && header->nlmsg_type != RTM_DELROUTE)) {
    return std::nullopt;
  }
  const auto fixed = body_as<rtmsg>(message);
  const auto family = fixed ? family_in(fixed->rtm_family) : std::nullopt;
  if (!family) {
    return std::nullopt;
  }
  TableRoute route;
  route.family = *family;
  route.table = fixed->rtm_table;
  route.protocol = fixed->rtm_protocol;
  route.type = fixed->rtm_type;
  route.destination = "default";
  each_attribute(message, sizeof(nlmsghdr) + sizeof(rtmsg), [&](std::uint16_t type, Bytes content) {
    if (type == RTA_TABLE) {
      route.table = read_as<std::uint32_t>(content).value_or(0);
    } else if (type == RTA_OIF) {
      route.interface = read_as<std::uint32_t>(content).value_or(0);
    } else if (type == RTA_DST && fixed->rtm_dst_len > 0) {
      route.destination = prefix_text(*family, content, fixed->rtm_dst_len);
    }
  });
  return route;
}

Result<std::vector<PolicyRule>> read_policy_rules(Family family) {
  auto socket = netlink::open(NETLINK_ROUTE);
  if (!socket) {
    return socket.error();
  }
  fib_rule_hdr header{};
  header.family = domain(family);
  std::vector<PolicyRule> rules;
  const auto read = netlink::dump(socket.value(), {RTM_GETRULE, header}, [&](Bytes message) {
    if (const auto rule = policy_rule_in(message)) {
      rules.push_back(*rule);
    }
  });
  if (!read) {
    return read.error();
  }
  return rules;
}

Result<std::vector<TableRoute>> read_routes(Family family, std::uint32_t table) {
  auto socket = netlink::open(NETLINK_ROUTE);
  if (!socket) {
    return socket.error();
  }
  // The kernel then sends this table alone, not a router's million routes. Old ones (before 4.20)
  // send all; what is not asked for is left out below.
  const int strict = 1;
  (void)setsockopt(socket.value().get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict,
                   sizeof(strict));
  rtmsg header{};
  header.rtm_family = domain(family);
  netlink::Request request(RTM_GETROUTE, header);
  request.add(RTA_TABLE, table);
  std::vector<TableRoute> routes;
  const auto read = netlink::dump(socket.value(), request, [&](Bytes message) {
    const auto route = route_in(message);
    if (route && route->table == table) {
      routes.push_back(*route);
    }
  });
  if (!read) {
    return read.error();
  }
  return routes;
}

std::vector<Family> routed_families() {
  std::ifstream off("/proc/sys/net/ipv6/conf/lo/disable_ipv6");
  int disabled = 1;
  if (!(off >> disabled) || disabled != 0) {
    return {Family::v4};
  }
  return {Family::v4, Family::v6};
}

bool lo_is_up() {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof(request.ifr_name) - 1);
  return ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

std::string_view name_of(Family family) { return family == Family::v4 ? "IPv4" : "IPv6"; }

bool has_route(std::span<const TableRoute> routes, const Ruleset& ruleset) {
  const unsigned loopback = if_nametoindex("lo");
  return std::any_of(routes.begin(), routes.end(), [&](const TableRoute& route) {
    return route.table == ruleset.table && route.type == RTN_LOCAL &&
           route.destination == "default" && route.interface == loopback;
  });
}

Result<std::vector<std::string>> missing_policy_routes(const Ruleset& ruleset) {
  std::vector<std::string> missing;
  if (!lo_is_up()) {
    return missing;
  }
  for (const Family family : routed_families()) {
    const auto rules = read_policy_rules(family);
    if (!rules) {
      return rules.error();
    }
    const std::string name(name_of(family));
    for (const PolicyRule& rule : missing_rules(rules.value(), ruleset, family)) {
      missing.push_back("the " + name + " policy rule at priority " +
                        std::to_string(rule.priority));
    }
    const auto routes = read_routes(family, ruleset.table);
    if (!routes) {
      return routes.error();
    }
    if (!has_route(routes.value(), ruleset)) {
      missing.push_back("the " + name + " route in table " + std::to_string(ruleset.table));
    }
  }
  return missing;
}

}  // namespace weir::firewall
