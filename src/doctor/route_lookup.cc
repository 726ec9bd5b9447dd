#include "doctor/route_lookup.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/netlink.h"

namespace weir::doctor {

using netlink::body_as;
using netlink::Bytes;
using netlink::each_attribute;
using netlink::read_as;

namespace {

std::uint8_t domain(Family family) {
  return static_cast<std::uint8_t>(family == Family::v4 ? AF_INET : AF_INET6);
}

void add_address(netlink::Request& request, std::uint16_t type, const Address& address) {
  if (address.is_v4()) {
    request.add(type, address.to_v4());
  } else {
    request.add(type, address.to_v6());
  }
}

std::optional<Prefix> prefix_of(Family family, Bytes content, std::uint8_t length) {
  if (family == Family::v4) {
    const auto raw = read_as<in_addr>(content);
    return raw ? std::optional(Prefix{Address::v4(*raw), length}) : std::nullopt;
  }
  const auto raw = read_as<in6_addr>(content);
  return raw ? std::optional(Prefix{Address::v6(*raw), length}) : std::nullopt;
}

std::optional<SteeringRule> rule_in(Family family, Bytes message) {
  const auto fixed = body_as<fib_rule_hdr>(message);
  if (!fixed || fixed->family != domain(family)) {
    return std::nullopt;
  }
  SteeringRule rule;
  rule.action = fixed->action;
  rule.table = fixed->table;
  each_attribute(message, sizeof(nlmsghdr) + sizeof(fib_rule_hdr),
                 [&](std::uint16_t type, Bytes content) {
                   const auto number = read_as<std::uint32_t>(content).value_or(0);
                   switch (type) {
                     case FRA_PRIORITY:
                       rule.priority = number;
                       break;
                     case FRA_FWMARK:
                       rule.mark.value = number;
                       break;
                     case FRA_FWMASK:
                       rule.mark.mask = number;
                       break;
                     case FRA_TABLE:
                       rule.table = number;
                       break;
                     case FRA_PROTOCOL:
                       rule.protocol = read_as<std::uint8_t>(content).value_or(0);
                       break;
                     case FRA_IIFNAME:
                       rule.inbound = netlink::text_of(content);
                       break;
                     case FRA_SRC:
                       rule.source = prefix_of(family, content, fixed->src_len);
                       break;
                     case FRA_DST:
                       rule.destination = prefix_of(family, content, fixed->dst_len);
                       break;
                     default:
                       break;
                   }
                 });
  return rule;
}

}  // namespace

Result<RouteAnswer> look_up_route(const RouteQuery& query) {
  auto socket = netlink::open(NETLINK_ROUTE);
  if (!socket) {
    return socket.error();
  }
  rtmsg header{};
  header.rtm_family = domain(query.destination.family());
  const std::uint8_t whole = query.destination.is_v4() ? 32 : 128;
  header.rtm_dst_len = whole;
  header.rtm_src_len = query.inbound.empty() ? 0 : whole;
  header.rtm_flags = RTM_F_LOOKUP_TABLE;
  netlink::Request request(RTM_GETROUTE, header);
  add_address(request, RTA_DST, query.destination);
  if (!query.inbound.empty()) {
    add_address(request, RTA_SRC, query.client);
    request.add(RTA_IIF, static_cast<std::uint32_t>(if_nametoindex(query.inbound.c_str())));
  }
  request.add(RTA_MARK, query.mark);
  request.add(RTA_IP_PROTO, static_cast<std::uint8_t>(
                                query.protocol == Protocol::tcp ? IPPROTO_TCP : IPPROTO_UDP));
  request.add(RTA_DPORT, htons(query.port));
  const auto answer = netlink::ask(socket.value(), request);
  if (!answer) {
    return answer.error();
  }
  const auto fixed = body_as<rtmsg>(answer.value());
  if (!fixed) {
    return Error("the kernel's answer is too short");
  }
  RouteAnswer route;
  route.type = fixed->rtm_type;
  route.table = fixed->rtm_table;
  each_attribute(
      answer.value(), sizeof(nlmsghdr) + sizeof(rtmsg), [&](std::uint16_t type, Bytes content) {
        const auto number = read_as<std::uint32_t>(content).value_or(0);
        if (type == RTA_TABLE) {
          route.table = number;
        } else if (type == RTA_OIF) {
          std::array<char, IF_NAMESIZE> name{};
          route.outbound = if_indextoname(number, name.data()) != nullptr ? name.data() : "";
        }
      });
  return route;
}

Result<std::vector<SteeringRule>> read_steering_rules(Family family) {
  auto socket = netlink::open(NETLINK_ROUTE);
  if (!socket) {
    return socket.error();
  }
  fib_rule_hdr header{};
  header.family = domain(family);
  std::vector<SteeringRule> rules;
  const auto read = netlink::dump(socket.value(), {RTM_GETRULE, header}, [&](Bytes message) {
    if (auto rule = rule_in(family, message)) {
      rules.push_back(std::move(*rule));
    }
  });
  if (!read) {
    return read.error();
  }
  return rules;
}

Address host_in(const Prefix& prefix, const std::vector<Address>& avoided) {
  auto bytes = prefix.address.bytes();
  const unsigned whole = prefix.address.is_v4() ? 32 : 128;
  const unsigned hosts = whole - std::min<unsigned>(whole, prefix.length);
  if (hosts >= 2) {
    const unsigned max = hosts >= 8 ? 254 : (1U << hosts) - 2;
    for (unsigned host = max; host > 0; --host) {
      auto one = bytes;
      one[15] = static_cast<std::uint8_t>(one[15] + host);
      in6_addr raw{};
      std::memcpy(&raw, one.data(), sizeof(raw));
      const Address address = Address::v6(raw);
      if (std::find(avoided.begin(), avoided.end(), address) == avoided.end()) {
        return address;
      }
    }
  }
  return prefix.address;
}

}  // namespace weir::doctor
