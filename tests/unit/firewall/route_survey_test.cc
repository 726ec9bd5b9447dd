#include "firewall/route_survey.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "catch.h"
#include "firewall/route_news.h"
#include "netlink_messages.h"

namespace weir::firewall {

namespace {

using Extent = RouteSurvey::Extent;
using netlink::append;
using netlink::append_attribute;
using netlink::append_text;
using netlink::finished;
using netlink::Message;

Message route_message(std::uint8_t type, std::uint8_t length, std::uint32_t interface,
                      std::uint8_t tos = 0, unsigned flags = 0) {
  Message body;
  rtmsg route{};
  route.rtm_family = AF_INET;
  route.rtm_dst_len = length;
  route.rtm_table = RT_TABLE_COMPAT;
  route.rtm_type = type;
  route.rtm_tos = tos;
  route.rtm_flags = flags;
  append(body, route);
  append_attribute(body, RTA_TABLE, std::uint32_t{1000});
  if (length != 0) {
    append_attribute(body, RTA_DST, Address::parse("192.0.2.0").value().to_v4());
  }
  append_attribute(body, RTA_PRIORITY, std::uint32_t{7});
  if (interface != 0) {
    append_attribute(body, RTA_OIF, interface);
  }
  return finished(body, RTM_NEWROUTE);
}

Message multipath_message() {
  Message body;
  rtmsg route{};
  route.rtm_family = AF_INET6;
  route.rtm_table = RT_TABLE_MAIN;
  route.rtm_type = RTN_UNICAST;
  append(body, route);
  std::vector<rtnexthop> hops(
      2,
      rtnexthop{.rtnh_len = sizeof(rtnexthop), .rtnh_flags = 0, .rtnh_hops = 0, .rtnh_ifindex = 3});
  hops[0].rtnh_flags = RTNH_F_DEAD;
  hops[1].rtnh_ifindex = 4;
  append_attribute(body, RTA_MULTIPATH, hops.data(), hops.size() * sizeof(rtnexthop));
  return finished(body, RTM_NEWROUTE);
}

Message rule_message(std::uint8_t action, std::uint16_t attribute = 0, std::string_view text = {}) {
  Message body;
  fib_rule_hdr rule{};
  rule.family = AF_INET;
  rule.action = action;
  append(body, rule);
  append_attribute(body, FRA_PRIORITY, std::uint32_t{100});
  append_attribute(body, FRA_TABLE, std::uint32_t{1000});
  append_attribute(body, FRA_SUPPRESS_PREFIXLEN, std::uint32_t{0xffffffff});
  if (attribute != 0) {
    append_text(body, attribute, text);
  }
  return finished(body, RTM_NEWRULE);
}

}  // namespace

TEST_CASE("a route has its destination, table, metric and interface") {
  CHECK(kernel_route_in(route_message(RTN_UNICAST, 24, 3)) ==
        KernelRoute{.family = Family::v4,
                    .table = 1000,
                    .metric = 7,
                    .destination = Prefix::parse("192.0.2.0/24").value(),
                    .kind = RouteResult::Kind::out,
                    .interfaces = {3}});
  const auto refused = kernel_route_in(route_message(RTN_PROHIBIT, 24, 1));
  REQUIRE(refused);
  CHECK(refused->kind == RouteResult::Kind::refused);
  CHECK(refused->interfaces.empty());
}

TEST_CASE("of several next hops the living ones count") {
  const auto route = kernel_route_in(multipath_message());
  REQUIRE(route);
  CHECK(route->interfaces == std::vector{4U});
  CHECK(is_default(route->destination));
}

TEST_CASE("dead routes, cached ones and those for a type of service are none") {
  CHECK_FALSE(kernel_route_in(route_message(RTN_UNICAST, 24, 3, 0, RTNH_F_DEAD)));
  CHECK_FALSE(kernel_route_in(route_message(RTN_UNICAST, 24, 3, 0, RTM_F_CLONED)));
  CHECK_FALSE(kernel_route_in(route_message(RTN_UNICAST, 24, 3, 8)));
}

TEST_CASE("a rule is for all packets, for some, or for those of an interface") {
  const auto packets = [](const Message& message) { return routing_rule_in(message)->packets; };
  using For = RoutingRule::For;
  CHECK(packets(rule_message(FR_ACT_TO_TBL)) == For::all);
  CHECK(packets(rule_message(FR_ACT_TO_TBL, FRA_OIFNAME, "wan")) == For::some);
  CHECK(packets(rule_message(FR_ACT_TO_TBL, FRA_IIFNAME, "lan")) == For::an_interface);
  CHECK(packets(rule_message(FR_ACT_TO_TBL, FRA_IIFNAME, "lo")) == For::some);
  CHECK(routing_rule_in(rule_message(FR_ACT_PROHIBIT))->action == RoutingRule::Action::refuses);
  CHECK(routing_rule_in(rule_message(FR_ACT_NOP))->action == RoutingRule::Action::nothing);
  CHECK_FALSE(routing_rule_in(rule_message(FR_ACT_TO_TBL))->suppressed);
}

TEST_CASE("messages that are cut anywhere do no harm") {
  for (const Message& whole : {multipath_message(), rule_message(FR_ACT_TO_TBL, FRA_IIFNAME, "lan"),
                               route_message(RTN_UNICAST, 24, 3)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      Message cut = whole;
      cut.resize(size);
      (void)kernel_route_in(cut);
      (void)routing_rule_in(cut);
    }
  }
}

TEST_CASE("news count as far as the rules hang on them") {
  const Message ordinary = route_message(RTN_UNICAST, 24, 3);
  const Message everywhere = route_message(RTN_UNICAST, 0, 3);
  const Message refusal = route_message(RTN_UNREACHABLE, 24, 0);
  const auto count = [](const Message& message, Extent v4) {
    return changes_survey(message, {.v4 = v4, .v6 = Extent::leading_outside});
  };
  CHECK_FALSE(count(ordinary, Extent::leading_outside));
  CHECK_FALSE(count(ordinary, Extent::refusals));
  CHECK(count(ordinary, Extent::all));
  CHECK(count(everywhere, Extent::leading_outside));
  CHECK_FALSE(count(refusal, Extent::leading_outside));
  CHECK(count(refusal, Extent::refusals));
  CHECK(count(rule_message(FR_ACT_TO_TBL), Extent::leading_outside));
  const Message link = finished(Message(16), RTM_NEWLINK);
  CHECK_FALSE(count(link, Extent::leading_outside));
  CHECK(count(link, Extent::refusals));
}

TEST_CASE("this machine's own routes can be surveyed") {
  const auto survey = survey_routes({.v4 = Extent::all, .v6 = Extent::all});
  REQUIRE(survey);
  CHECK_FALSE(survey.value().rules.empty());
  REQUIRE(survey_for_unreachable());
}

}  // namespace weir::firewall
