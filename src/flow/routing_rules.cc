#include "flow/routing_rules.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/transparent.h"

namespace weir {
namespace {

using netlink::body_as;
using netlink::Bytes;
using netlink::each_attribute;
using netlink::read_as;

// Behind the rules that deliver intercepted packets, before all others.
constexpr std::uint32_t own_priority = 53;
// Of weir's routes and rules it is 237; these have a number of their own, so that the owner of each
// takes it away.
constexpr std::uint8_t own_protocol = 238;

Result<> change(std::uint16_t type, std::uint16_t flags, Family family, const RoutingRule& rule) {
  const auto socket = netlink::open(NETLINK_ROUTE);
  if (!socket) {
    return socket.error();
  }
  fib_rule_hdr header{};
  header.family = static_cast<std::uint8_t>(domain_of(family));
  header.action = FR_ACT_TO_TBL;
  netlink::Request request(type, header);
  request.add(FRA_PRIORITY, rule.priority);
  request.add(FRA_PROTOCOL, rule.protocol);
  request.add(FRA_FWMARK, rule.mark.value);
  request.add(FRA_FWMASK, rule.mark.mask);
  request.add(FRA_TABLE, rule.table);
  std::array<char, 16> name{};  // IFNAMSIZ
  rule.outbound.copy(name.data(), name.size() - 1);
  request.add(FRA_OIFNAME, name);
  const auto message =
      request.message(static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags));
  std::array<std::byte, 1024> answer{};
  if (send(socket.value().get(), message.data(), message.size(), 0) < 0) {
    return system_error("cannot change a policy rule", errno);
  }
  const ssize_t size = recv(socket.value().get(), answer.data(), answer.size(), 0);
  if (size < 0) {
    return system_error("cannot change a policy rule", errno);
  }
  const auto said = body_as<int>(Bytes(answer).first(static_cast<std::size_t>(size)));
  if (const int code = said ? -*said : EBADMSG; code != 0 && code != EEXIST && code != ENOENT) {
    return system_error("cannot change a policy rule", code);
  }
  return Ok{};
}

}  // namespace

std::optional<RoutingRule> routing_rule_in(Bytes message) {
  const auto header = read_as<nlmsghdr>(message);
  const auto fixed = body_as<fib_rule_hdr>(message);
  if (!header || header->nlmsg_type != RTM_NEWRULE || !fixed ||
      (fixed->family != AF_INET && fixed->family != AF_INET6)) {
    return std::nullopt;
  }
  RoutingRule rule;
  rule.family = fixed->family == AF_INET ? Family::v4 : Family::v6;
  rule.table = fixed->table;
  rule.by_source = fixed->src_len != 0;
  rule.by_more = fixed->dst_len != 0 || fixed->tos != 0 || (fixed->flags & FIB_RULE_INVERT) != 0;
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
                     case FRA_PROTOCOL:
                       rule.protocol = read_as<std::uint8_t>(content).value_or(0);
                       break;
                     case FRA_IIFNAME:
                       rule.inbound = netlink::text_of(content);
                       break;
                     case FRA_OIFNAME:
                       rule.outbound = netlink::text_of(content);
                       break;
                     case FRA_UID_RANGE:
                     case FRA_IP_PROTO:
                     case FRA_SPORT_RANGE:
                     case FRA_DPORT_RANGE:
                       rule.by_more = true;
                       break;
                     default:
                       break;
                   }
                 });
  return rule;
}

bool matches_packet(const RoutingRule& rule) {
  const bool by_interface = !rule.inbound.empty() && rule.inbound != "lo";
  return by_interface || rule.by_source;
}

RoutingRules routing_rules_of(std::vector<RoutingRule> rules) {
  RoutingRules out;
  for (const RoutingRule& rule : rules) {
    if (matches_packet(rule)) {
      (rule.family == Family::v4 ? out.v4_matches : out.v6_matches) = true;
    }
  }
  out.rules = std::move(rules);
  return out;
}

Result<RoutingRules> read_routing_rules() {
  const auto socket = netlink::open(NETLINK_ROUTE);
  if (!socket) {
    return socket.error();
  }
  std::vector<RoutingRule> rules;
  for (const Family family : {Family::v4, Family::v6}) {
    fib_rule_hdr header{};
    header.family = static_cast<std::uint8_t>(domain_of(family));
    const auto read =
        netlink::dump(socket.value(), netlink::Request(RTM_GETRULE, header), [&](Bytes message) {
          if (auto rule = routing_rule_in(message)) {
            rules.push_back(std::move(*rule));
          }
        });
    // Without IPv6 in the kernel it has no rules of IPv6.
    if (!read && family == Family::v4) {
      return read.error();
    }
  }
  return routing_rules_of(std::move(rules));
}

Result<> add_own_rule(Family family, Mark bypass, const std::string& outbound,
                      std::uint32_t table) {
  RoutingRule rule;
  rule.priority = own_priority;
  rule.protocol = own_protocol;
  rule.mark = bypass;
  rule.outbound = outbound;
  rule.table = table;
  return change(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, family, rule);
}

Result<> remove_own_rules() {
  const auto present = read_routing_rules();
  if (!present) {
    return present.error();
  }
  for (const RoutingRule& rule : present.value().rules) {
    if (rule.protocol == own_protocol && rule.priority == own_priority) {
      if (auto removed = change(RTM_DELRULE, 0, rule.family, rule); !removed) {
        return removed;
      }
    }
  }
  return Ok{};
}

}  // namespace weir
