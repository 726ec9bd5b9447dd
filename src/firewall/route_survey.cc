#include "firewall/route_survey.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <set>

#include "firewall/script.h"

namespace weir::firewall {

using netlink::body_as;
using netlink::Bytes;
using netlink::each_attribute;
using netlink::read_as;

namespace {

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

std::optional<RouteResult::Kind> kind_of_type(std::uint8_t type) {
  switch (type) {
    case RTN_UNICAST:
      return RouteResult::Kind::out;
    case RTN_LOCAL:
    case RTN_BROADCAST:
    case RTN_ANYCAST:
    case RTN_MULTICAST:
      return RouteResult::Kind::here;
    case RTN_UNREACHABLE:
    case RTN_PROHIBIT:
    case RTN_BLACKHOLE:
      return RouteResult::Kind::refused;
    case RTN_THROW:
      return RouteResult::Kind::none;
    default:
      return std::nullopt;
  }
}

Address address_in(Family family, Bytes content) {
  if (family == Family::v4) {
    const auto raw = read_as<in_addr>(content);
    return raw ? Address::v4(*raw) : Address::any(family);
  }
  const auto raw = read_as<in6_addr>(content);
  return raw ? Address::v6(*raw) : Address::any(family);
}

void add_next_hops(std::vector<unsigned>& interfaces, Bytes content) {
  while (const auto hop = read_as<rtnexthop>(content)) {
    if (hop->rtnh_len < sizeof(rtnexthop) || hop->rtnh_len > content.size()) {
      return;
    }
    if ((hop->rtnh_flags & RTNH_F_DEAD) == 0 && hop->rtnh_ifindex > 0) {
      interfaces.push_back(static_cast<unsigned>(hop->rtnh_ifindex));
    }
    content = content.subspan(std::min<std::size_t>(RTNH_ALIGN(hop->rtnh_len), content.size()));
  }
}

// Attributes by which a rule is for some packets only.
bool narrows(std::uint16_t attribute) {
  switch (attribute) {
    case FRA_SRC:
    case FRA_DST:
    case FRA_IIFNAME:
    case FRA_OIFNAME:
    case FRA_FWMARK:
    case FRA_FLOW:
    case FRA_TUN_ID:
    case FRA_UID_RANGE:
    case FRA_L3MDEV:
    case FRA_IP_PROTO:
    case FRA_SPORT_RANGE:
    case FRA_DPORT_RANGE:
      return true;
    default:
      return false;
  }
}

bool refuses(std::uint8_t action) {
  return action == FR_ACT_BLACKHOLE || action == FR_ACT_UNREACHABLE || action == FR_ACT_PROHIBIT;
}

std::vector<RoutedPrefix> table_of(const RouteSurvey& survey, const RoutingRule& rule) {
  std::vector<RoutedPrefix> out;
  for (const KernelRoute& route : survey.routes) {
    const bool is_suppressed = rule.suppressed && route.destination.length <= *rule.suppressed &&
                               route.kind != RouteResult::Kind::refused;
    if (route.family == rule.family && route.table == rule.table && !is_suppressed) {
      out.push_back(
          {.prefix = route.destination,
           .metric = route.metric,
           .result = {.kind = route.kind,
                      .interface = route.interfaces.empty() ? 0 : route.interfaces.front()}});
    }
  }
  return out;
}

Prefix everything(Family family) { return {.address = Address::any(family), .length = 0}; }

std::vector<RoutingRule> in_order(const RouteSurvey& survey, Family family) {
  std::vector<RoutingRule> rules;
  for (const RoutingRule& rule : survey.rules) {
    if (rule.family == family && rule.protocol != route_protocol &&
        rule.action != RoutingRule::Action::nothing) {
      rules.push_back(rule);
    }
  }
  std::stable_sort(rules.begin(), rules.end(), [](const RoutingRule& a, const RoutingRule& b) {
    return a.priority < b.priority;
  });
  return rules;
}

bool is_unreachable(const RouteResult& result) {
  return result.kind == RouteResult::Kind::none || result.kind == RouteResult::Kind::refused;
}

}  // namespace

std::optional<KernelRoute> kernel_route_in(Bytes message) {
  const auto header = read_as<nlmsghdr>(message);
  if (!header || (header->nlmsg_type != RTM_NEWROUTE && header->nlmsg_type != RTM_DELROUTE)) {
    return std::nullopt;
  }
  const auto fixed = body_as<rtmsg>(message);
  const auto family = fixed ? family_in(fixed->rtm_family) : std::nullopt;
  const auto kind = fixed ? kind_of_type(fixed->rtm_type) : std::nullopt;
  if (!family || !kind || fixed->rtm_tos != 0 || (fixed->rtm_flags & RTM_F_CLONED) != 0) {
    return std::nullopt;
  }
  KernelRoute route;
  route.family = *family;
  route.table = fixed->rtm_table;
  route.kind = *kind;
  Address destination = Address::any(*family);
  unsigned interface = 0;
  each_attribute(message, sizeof(nlmsghdr) + sizeof(rtmsg), [&](std::uint16_t type, Bytes content) {
    const auto number = read_as<std::uint32_t>(content).value_or(0);
    switch (type) {
      case RTA_TABLE:
        route.table = number;
        break;
      case RTA_PRIORITY:
        route.metric = number;
        break;
      case RTA_DST:
        destination = address_in(*family, content);
        break;
      case RTA_OIF:
        interface = number;
        break;
      case RTA_MULTIPATH:
        add_next_hops(route.interfaces, content);
        break;
      default:
        break;
    }
  });
  route.destination = {.address = network_of(destination, fixed->rtm_dst_len),
                       .length = fixed->rtm_dst_len};
  if (route.interfaces.empty() && interface != 0 && (fixed->rtm_flags & RTNH_F_DEAD) == 0) {
    route.interfaces.push_back(interface);
  }
  if (route.kind != RouteResult::Kind::out) {
    route.interfaces.clear();
  } else if (route.interfaces.empty()) {
    return std::nullopt;  // every next hop is dead
  }
  return route;
}

std::optional<RoutingRule> routing_rule_in(Bytes message) {
  const auto header = read_as<nlmsghdr>(message);
  if (!header || (header->nlmsg_type != RTM_NEWRULE && header->nlmsg_type != RTM_DELRULE)) {
    return std::nullopt;
  }
  const auto fixed = body_as<fib_rule_hdr>(message);
  const auto family = fixed ? family_in(fixed->family) : std::nullopt;
  if (!family) {
    return std::nullopt;
  }
  RoutingRule rule;
  rule.family = *family;
  rule.table = fixed->table;
  rule.action = fixed->action == FR_ACT_TO_TBL ? RoutingRule::Action::lookup
                : refuses(fixed->action)       ? RoutingRule::Action::refuses
                                               : RoutingRule::Action::nothing;
  if (fixed->tos != 0 || (fixed->flags & FIB_RULE_INVERT) != 0) {
    rule.packets = RoutingRule::For::some;
  }
  each_attribute(message, sizeof(nlmsghdr) + sizeof(fib_rule_hdr),
                 [&](std::uint16_t type, Bytes content) {
                   const auto number = read_as<std::uint32_t>(content).value_or(0);
                   if (narrows(type) && rule.packets == RoutingRule::For::all) {
                     rule.packets = RoutingRule::For::some;
                   }
                   switch (type) {
                     case FRA_IIFNAME:
                       // What the router itself sends comes in by `lo`.
                       if (netlink::text_of(content) != "lo") {
                         rule.packets = RoutingRule::For::an_interface;
                       }
                       break;
                     case FRA_PRIORITY:
                       rule.priority = number;
                       break;
                     case FRA_TABLE:
                       rule.table = number;
                       break;
                     case FRA_PROTOCOL:
                       rule.protocol = read_as<std::uint8_t>(content).value_or(0);
                       break;
                     case FRA_SUPPRESS_PREFIXLEN:
                       if (number <= 128) {
                         rule.suppressed = static_cast<std::uint8_t>(number);
                       }
                       break;
                     default:
                       break;
                   }
                 });
  return rule;
}

bool is_within(RouteSurvey::Extent extent, const KernelRoute& route) {
  const bool leads_outside = route.kind == RouteResult::Kind::out &&
                             (is_default(route.destination) || half_of(route.destination));
  switch (extent) {
    case RouteSurvey::Extent::leading_outside:
      return leads_outside;
    case RouteSurvey::Extent::refusals:
      return leads_outside || is_unreachable({.kind = route.kind});
    case RouteSurvey::Extent::all:
      break;
  }
  return true;
}

Result<RouteSurvey> survey_routes(RouteSurvey::Scope scope) {
  RouteSurvey out{.scope = scope, .routes = {}, .rules = {}};
  for (const int domain : {AF_INET, AF_INET6}) {
    auto socket = netlink::open(NETLINK_ROUTE);
    if (!socket) {
      return socket.error();
    }
    rtmsg routes{};
    routes.rtm_family = static_cast<std::uint8_t>(domain);
    auto read = netlink::dump(socket.value(), {RTM_GETROUTE, routes}, [&](Bytes message) {
      auto route = kernel_route_in(message);
      if (route && is_within(scope.of(route->family), *route)) {
        out.routes.push_back(std::move(*route));
      }
    });
    if (!read) {
      return read.error();
    }
    fib_rule_hdr rules{};
    rules.family = static_cast<std::uint8_t>(domain);
    read = netlink::dump(socket.value(), {RTM_GETRULE, rules}, [&](Bytes message) {
      if (const auto rule = routing_rule_in(message)) {
        out.rules.push_back(*rule);
      }
    });
    if (!read) {
      return read.error();
    }
  }
  return out;
}

bool hangs_on_all_routes(const RouteSurvey& survey, Family family) {
  const auto common = common_routes(survey, family).destinations(is_unreachable, 1);
  const bool has_refusals =
      std::any_of(survey.routes.begin(), survey.routes.end(), [=](const KernelRoute& route) {
        return route.family == family && is_unreachable({.kind = route.kind});
      });
  return has_refusals || !common || !common->empty();
}

Result<RouteSurvey> survey_for_unreachable() {
  using Extent = RouteSurvey::Extent;
  auto survey = survey_routes({.v4 = Extent::refusals, .v6 = Extent::refusals});
  if (!survey) {
    return survey;
  }
  const auto needed = [&](Family family) {
    return hangs_on_all_routes(survey.value(), family) ? Extent::all : Extent::refusals;
  };
  const RouteSurvey::Scope scope{.v4 = needed(Family::v4), .v6 = needed(Family::v6)};
  if (scope.v4 == Extent::refusals && scope.v6 == Extent::refusals) {
    return survey;
  }
  return survey_routes(scope);
}

bool is_default(const Prefix& prefix) {
  static const Prefix all_global = Prefix::parse("2000::/3").value();
  return prefix.length == 0 || prefix == all_global;
}

std::optional<Half> half_of(const Prefix& prefix) {
  if (prefix.length != 1) {
    return std::nullopt;
  }
  return prefix.address == Address::any(prefix.address.family()) ? Half::lower : Half::upper;
}

std::vector<unsigned> uplinks_in(std::span<const KernelRoute> routes) {
  std::set<unsigned> uplinks;
  // Which halves an interface has in a table: 1 the lower, 2 the upper.
  std::map<std::tuple<Family, std::uint32_t, unsigned>, unsigned> halves;
  for (const KernelRoute& route : routes) {
    const auto half = half_of(route.destination);
    for (const unsigned interface : route.interfaces) {
      if (is_default(route.destination)) {
        uplinks.insert(interface);
      } else if (half) {
        unsigned& seen = halves[{route.family, route.table, interface}];
        seen |= *half == Half::lower ? 1U : 2U;
        if (seen == 3U) {
          uplinks.insert(interface);
        }
      }
    }
  }
  return {uplinks.begin(), uplinks.end()};
}

bool hangs_on_interface(std::span<const RoutingRule> rules) {
  return std::any_of(rules.begin(), rules.end(), [](const RoutingRule& rule) {
    return rule.packets == RoutingRule::For::an_interface && rule.protocol != route_protocol &&
           rule.action != RoutingRule::Action::nothing;
  });
}

RouteMap common_routes(const RouteSurvey& survey, Family family) {
  RouteMap routes(family);
  for (const RoutingRule& rule : in_order(survey, family)) {
    if (rule.packets != RoutingRule::For::all) {
      continue;
    }
    if (rule.action == RoutingRule::Action::refuses) {
      routes.add_table(
          {{.prefix = everything(family), .result = {.kind = RouteResult::Kind::refused}}});
    } else {
      routes.add_table(table_of(survey, rule));
    }
  }
  return routes;
}

std::optional<std::vector<Prefix>> unreachable(const RouteSurvey& survey, Family family,
                                               std::size_t max) {
  const auto common = common_routes(survey, family).destinations(is_unreachable, max);
  if (!common) {
    return std::nullopt;
  }
  // What has none in the common tables, less what tables for some packets have.
  RouteMap left(family);
  for (const RoutingRule& rule : in_order(survey, family)) {
    if (rule.packets != RoutingRule::For::all && rule.action == RoutingRule::Action::lookup) {
      auto routes = table_of(survey, rule);
      std::erase_if(routes, [](const RoutedPrefix& route) {
        return route.result.kind == RouteResult::Kind::refused ||
               route.result.kind == RouteResult::Kind::none;
      });
      left.add_table(std::move(routes));
    }
  }
  std::vector<RoutedPrefix> unreachable_routes;
  unreachable_routes.reserve(common->size());
  for (const Prefix& prefix : *common) {
    unreachable_routes.push_back(
        {.prefix = prefix, .result = {.kind = RouteResult::Kind::refused}});
  }
  left.add_table(std::move(unreachable_routes));
  return left.destinations(
      [](const RouteResult& result) { return result.kind == RouteResult::Kind::refused; }, max);
}

}  // namespace weir::firewall
