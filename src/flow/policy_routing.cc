// The problem: a rule such as `ip rule iif lan lookup vpn` sends what clients say through a tunnel.
// What weir says in their place comes from a socket of its own: it came in by no interface, and
// with source = gateway its sender is the router. The rule does not see it, and it leaves by the
// line that the tunnel was there to avoid.
//
// Rejected: to evaluate rules and tables here. The kernel does so when asked (RTM_GETROUTE with the
// inbound interface and the sender of the packet), and knows what we would get wrong.
//
// The choice: the kernel is asked where it would forward the flow, and where our socket would go.
// Where that differs the socket is told: with a mark, where a rule of the operator's leads into the
// same table by a mark alone; else by binding it to the interface. That alone finds no next hop
// that only the operator's table has, so weir adds a rule of its own: what carries the bypass-mark
// and is bound to this interface looks into this table. Each time the kernel is asked once more
// whether it helped. Two tables that differ only by the next hop on one interface are beyond a
// socket without such a mark: then the flow is refused, and that is counted. What must not happen
// is that it leaves by the wrong line without a word.
#include "flow/policy_routing.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/transparent.h"

namespace weir {
namespace {

using netlink::body_as;
using netlink::Bytes;
using netlink::read_as;

constexpr std::uint32_t loopback = 1;

void add_address(netlink::Request& request, std::uint16_t type, const Address& address) {
  if (address.is_v4()) {
    request.add(type, address.to_v4());
  } else {
    request.add(type, address.to_v6());
  }
}

std::optional<Address> address_in(Bytes content) {
  if (content.size() == sizeof(in_addr)) {
    return Address::v4(*read_as<in_addr>(content));
  }
  const auto six = read_as<in6_addr>(content);
  return six ? std::optional(Address::v6(*six)) : std::nullopt;
}

int error_of(unsigned char type) {
  switch (type) {
    case RTN_UNREACHABLE:
      return EHOSTUNREACH;
    case RTN_PROHIBIT:
      return EACCES;
    case RTN_BLACKHOLE:
      return EINVAL;
    default:
      return 0;
  }
}

// Whether the upstream leaves the flow's route to the router, and the flow is still the client's
// own.
bool is_left_to_router(const Flow& flow, const Route& route) {
  if (route.options->mark || !route.options->interface.empty() || route.first_hop) {
    return false;
  }
  return route.source.kind == SourceKind::client || route.source.kind == SourceKind::client_port ||
         route.remote.address == flow.destination.address;
}

}  // namespace

void PolicyRouting::use(std::shared_ptr<const RoutingRules> rules) {
  rules_ = std::move(rules);
  found_.clear();
}

int PolicyRouting::choose(const Flow& flow, Route& route, const Marks& marks) {
  route.egress = {};
  // The router's own traffic needs no egress: the kernel looks it up as what it is.
  if (!matter(route.remote.family()) || flow.interface == 0 || flow.interface == loopback ||
      !is_left_to_router(flow, route)) {
    return 0;
  }
  const Key key{flow.interface, flow.client.address, route.remote.address, flow.protocol,
                route.remote.port};
  auto known = found_.find(key);
  if (known == found_.end()) {
    if (found_.size() >= max) {
      found_.clear();
    }
    known = found_.emplace(key, find(key, marks)).first;
  }
  route.egress = known->second.egress;
  return known->second.error;
}

PolicyRouting::Found PolicyRouting::find(const Key& key, const Marks& marks) {
  const RouteQuery of_packet{.destination = key.destination,
                             .source = key.client,
                             .inbound = key.interface,
                             .protocol = key.protocol,
                             .port = key.port};
  const Hop wanted = ask(of_packet);
  if (wanted.error != 0) {
    return {.egress = {}, .error = wanted.error};
  }
  RouteQuery of_socket{.destination = key.destination,
                       .source = {},
                       .protocol = key.protocol,
                       .port = key.port,
                       .mark = marks.bypass.value};
  if (ask(of_socket).is_same_route(wanted)) {
    return {};
  }
  const Family family = key.destination.family();
  for (const RoutingRule& rule : rules_->rules) {
    const bool is_by_mark_alone =
        rule.mark.mask != 0 && !matches_packet(rule) && rule.outbound.empty() && !rule.by_more;
    if (rule.family == family && rule.table == wanted.table && is_by_mark_alone &&
        (rule.mark.mask & marks.own) == 0) {
      of_socket.mark = marks.bypass.value | rule.mark.value;
      if (ask(of_socket).is_same_route(wanted)) {
        return {.egress = {.interface = 0, .mark = rule.mark}};
      }
    }
  }
  of_socket.mark = marks.bypass.value;
  of_socket.outbound = wanted.interface;
  if (ask(of_socket).is_same_route(wanted)) {
    return {.egress = {.interface = wanted.interface, .mark = {}}};
  }
  std::array<char, IF_NAMESIZE> name{};
  if (if_indextoname(wanted.interface, name.data()) != nullptr &&
      add_own_rule(family, marks.bypass, name.data(), wanted.table) &&
      ask(of_socket).is_same_route(wanted)) {
    return {.egress = {.interface = wanted.interface, .mark = {}}};
  }
  return {.egress = {}, .error = no_socket_can};
}

PolicyRouting::Hop PolicyRouting::ask(const RouteQuery& query) {
  if (!netlink_.valid()) {
    if (auto opened = netlink::open(NETLINK_ROUTE)) {
      netlink_ = std::move(opened).value();
    }
  }
  rtmsg header{};
  const bool v4 = query.destination.is_v4();
  const auto bits = static_cast<std::uint8_t>(v4 ? 32 : 128);
  header.rtm_family = static_cast<std::uint8_t>(v4 ? AF_INET : AF_INET6);
  header.rtm_dst_len = bits;
  header.rtm_flags = RTM_F_LOOKUP_TABLE;
  netlink::Request request(RTM_GETROUTE, header);
  add_address(request, RTA_DST, query.destination);
  if (query.inbound != 0) {
    add_address(request, RTA_SRC, query.source);
    request.add(RTA_IIF, query.inbound);
  }
  if (query.outbound != 0) {
    request.add(RTA_OIF, query.outbound);
  }
  request.add(RTA_MARK, query.mark);
  request.add(RTA_IP_PROTO, static_cast<std::uint8_t>(
                                query.protocol == Protocol::tcp ? IPPROTO_TCP : IPPROTO_UDP));
  request.add(RTA_DPORT, htons(query.port));
  const auto answer = netlink_.valid() ? netlink::exchange(netlink_, request)
                                       : netlink::Exchanged{.error = EMFILE, .message = {}};
  Hop hop{.error = answer.error, .gateway = Address::any(query.destination.family())};
  const auto route = body_as<rtmsg>(answer.message);
  if (hop.error != 0 || !route) {
    hop.error = hop.error != 0 ? hop.error : EBADMSG;
    return hop;
  }
  hop.error = error_of(route->rtm_type);
  hop.table = route->rtm_table;
  netlink::each_attribute(answer.message, sizeof(nlmsghdr) + sizeof(rtmsg),
                          [&](std::uint16_t type, Bytes content) {
                            if (type == RTA_OIF) {
                              hop.interface = read_as<std::uint32_t>(content).value_or(0);
                            } else if (type == RTA_TABLE) {
                              hop.table = read_as<std::uint32_t>(content).value_or(0);
                            } else if (type == RTA_GATEWAY) {
                              hop.gateway = address_in(content).value_or(hop.gateway);
                            }
                          });
  return hop;
}

}  // namespace weir
