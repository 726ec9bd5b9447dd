#include "flow/routing_rules.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <functional>

#include "catch.h"
#include "netlink_messages.h"

namespace weir {
namespace {

using netlink::append_attribute;
using netlink::append_text;
using netlink::Message;

RoutingRule parsed(
    int family, const std::function<void(fib_rule_hdr&)>& shape,
    const std::function<void(Message&)>& attributes = [](Message&) {}) {
  fib_rule_hdr header{};
  header.family = static_cast<std::uint8_t>(family);
  header.action = FR_ACT_TO_TBL;
  shape(header);
  Message body;
  netlink::append(body, header);
  attributes(body);
  const auto rule = routing_rule_in(netlink::finished(body, RTM_NEWRULE));
  REQUIRE(rule);
  return *rule;
}

TEST_CASE("rules that look at the inbound interface or the sender are those that bear on sockets") {
  const auto plain = [](fib_rule_hdr&) {};
  CHECK_FALSE(matches_packet(parsed(AF_INET, plain)));
  CHECK(matches_packet(
      parsed(AF_INET, plain, [](Message& to) { append_text(to, FRA_IIFNAME, "lan"); })));
  CHECK(matches_packet(parsed(AF_INET6, [](fib_rule_hdr& header) { header.src_len = 64; })));
  // What the router itself sends comes in by lo.
  CHECK_FALSE(matches_packet(
      parsed(AF_INET, plain, [](Message& to) { append_text(to, FRA_IIFNAME, "lo"); })));
  CHECK_FALSE(matches_packet(parsed(
      AF_INET, plain, [](Message& to) { append_attribute(to, FRA_FWMARK, std::uint32_t{1}); })));
}

TEST_CASE("a rule's table, mark and interfaces are read") {
  const RoutingRule rule = parsed(
      AF_INET, [](fib_rule_hdr& header) { header.table = 254; },
      [](Message& to) {
        append_attribute(to, FRA_PRIORITY, std::uint32_t{1000});
        append_attribute(to, FRA_TABLE, std::uint32_t{51820});
        append_attribute(to, FRA_FWMARK, std::uint32_t{0x30});
        append_attribute(to, FRA_FWMASK, std::uint32_t{0xf0});
        append_attribute(to, FRA_PROTOCOL, std::uint8_t{238});
        append_text(to, FRA_OIFNAME, "wan2");
      });
  CHECK(rule.family == Family::v4);
  CHECK(rule.priority == 1000);
  CHECK(rule.table == 51820);
  CHECK(rule.mark == Mark{0x30, 0xf0});
  CHECK(rule.protocol == 238);
  CHECK(rule.outbound == "wan2");
  CHECK_FALSE(rule.by_more);
}

TEST_CASE("what else a rule looks at is remembered, and other messages are none") {
  const auto ports = parsed(
      AF_INET, [](fib_rule_hdr&) {},
      [](Message& to) {
        append_attribute(to, FRA_DPORT_RANGE, fib_rule_port_range{80, 80});
      });
  CHECK(ports.by_more);
  CHECK(parsed(AF_INET, [](fib_rule_hdr& header) { header.dst_len = 8; }).by_more);
  CHECK(parsed(AF_INET, [](fib_rule_hdr& header) { header.flags = FIB_RULE_INVERT; }).by_more);
  Message body;
  netlink::append(body, fib_rule_hdr{});
  CHECK_FALSE(routing_rule_in(netlink::finished(body, RTM_DELRULE)));
  CHECK_FALSE(routing_rule_in(netlink::finished({}, RTM_NEWRULE)));
}

TEST_CASE("a family's flows ask only where rules of that family look at packets") {
  RoutingRule inbound;
  inbound.family = Family::v6;
  inbound.inbound = "lan";
  const RoutingRules rules = routing_rules_of({RoutingRule{}, inbound});
  CHECK(rules.match_packets(Family::v6));
  CHECK_FALSE(rules.match_packets(Family::v4));
}

}  // namespace
}  // namespace weir
