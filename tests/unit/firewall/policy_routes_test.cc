#include "firewall/policy_routes.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <array>

#include "catch.h"
#include "firewall/installed.h"
#include "firewall/script.h"
#include "make.h"
#include "netlink_messages.h"

namespace weir::firewall {

using netlink::append;
using netlink::append_attribute;
using netlink::finished;
using netlink::Message;

namespace {

Message rule_message() {
  Message message;
  fib_rule_hdr header{};
  header.family = AF_INET6;
  header.table = 100;
  header.action = FR_ACT_TO_TBL;
  append(message, header);
  append_attribute(message, FRA_PRIORITY, std::uint32_t{50});
  append_attribute(message, FRA_FWMARK, std::uint32_t{0x1});
  append_attribute(message, FRA_FWMASK, std::uint32_t{0x3});
  append_attribute(message, FRA_TABLE, std::uint32_t{1000});
  append_attribute(message, FRA_PROTOCOL, std::uint8_t{237});
  return finished(message, RTM_NEWRULE);
}

Message jump_message() {
  Message message;
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.action = FR_ACT_GOTO;
  append(message, header);
  append_attribute(message, FRA_PRIORITY, std::uint32_t{49});
  append_attribute(message, FRA_GOTO, std::uint32_t{51});
  append_attribute(message, FRA_IIFNAME, std::array<char, 3>{'l', 'o', '\0'});
  append_attribute(message, FRA_FWMARK, std::uint32_t{0x1});
  append_attribute(message, FRA_FWMASK, std::uint32_t{0x1});
  append_attribute(message, FRA_PROTOCOL, std::uint8_t{237});
  return finished(message, RTM_NEWRULE);
}

Message route_message(std::uint8_t length) {
  Message message;
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = length;
  header.rtm_protocol = 237;
  header.rtm_type = RTN_LOCAL;
  append(message, header);
  append_attribute(message, RTA_TABLE, std::uint32_t{100});
  append_attribute(message, RTA_DST, htonl(0xc0000200));
  append_attribute(message, RTA_OIF, if_nametoindex("lo"));
  return finished(message, RTM_NEWROUTE);
}

}  // namespace

TEST_CASE("a rule has its mark, its table beyond 255 and who made it") {
  PolicyRule expected;
  expected.family = Family::v6;
  expected.priority = 50;
  expected.mark = {0x1, 0x3};
  expected.table = 1000;
  expected.protocol = route_protocol;
  CHECK(policy_rule_in(rule_message()) == expected);
}

TEST_CASE("a rule that jumps has its target and the interface it asks from") {
  const auto jump = policy_rule_in(jump_message());
  REQUIRE(jump);
  CHECK(missing_rules(std::vector{*jump}, ruleset_of({}), Family::v4).size() == 2);
  CHECK(jump->inbound == "lo");
  CHECK(jump->target == 51);
}

TEST_CASE("a route has its destination, table and interface") {
  const auto route = route_in(route_message(24));
  REQUIRE(route);
  CHECK(route->destination == "192.0.2.0/24");
  CHECK(route->table == 100);
  CHECK(route_in(route_message(0))->destination == "default");
}

TEST_CASE("messages that are cut anywhere, or of another kind, are none") {
  for (std::size_t size = 0; size < rule_message().size(); ++size) {
    Message cut = rule_message();
    cut.resize(size);
    (void)policy_rule_in(cut);
    (void)route_in(cut);
  }
  CHECK_FALSE(route_in(rule_message()));
  CHECK_FALSE(policy_rule_in(route_message(0)));
  CHECK_FALSE(policy_rule_in(Message(8)));
}

TEST_CASE("what the ruleset needs is found among what is there, and nothing like it") {
  const Ruleset ruleset = ruleset_of({rule("web", {tcp(80)})});
  const auto route = route_in(route_message(0));
  REQUIRE(route);
  CHECK(has_route(std::vector{*route}, ruleset));
  CHECK_FALSE(has_route(std::vector{*route_in(route_message(24))}, ruleset));
  CHECK_FALSE(has_route({}, ruleset));
}

TEST_CASE("this machine's own rules can be read") {
  const auto rules = read_policy_rules(Family::v4);
  REQUIRE(rules);
  CHECK_FALSE(rules.value().empty());
  const auto routes = read_routes(Family::v4, 4'000'000);
  REQUIRE(routes);
  CHECK(routes.value().empty());
}

TEST_CASE("of iptables-save only weir's lines count, each with its table") {
  CHECK(own_lines("# Generated\n*mangle\n:PREROUTING ACCEPT [1:2]\n:WEIR - [0:0]\n:WATER - [0:0]\n"
                  "-A PREROUTING -j WEIR\n-A PREROUTING -j ACCEPT\n-A WEIR -i lo -j RETURN\n"
                  "COMMIT\n*filter\n-A FORWARD -j WEIR\nCOMMIT\n") ==
        "*mangle :WEIR - [0:0]\n*mangle -A PREROUTING -j WEIR\n*mangle -A WEIR -i lo -j RETURN\n"
        "*filter -A FORWARD -j WEIR\n");
}

TEST_CASE("a jump to weir's chain in mangle that has come behind others is another one") {
  const std::string chains = "*mangle\n:PREROUTING ACCEPT [1:2]\n:WEIR - [0:0]\n";
  CHECK(own_lines(chains + "-A INPUT -j ACCEPT\n-A PREROUTING -j WEIR\n") ==
        own_lines(chains + "-A PREROUTING -j WEIR\n-A PREROUTING -j MARK\n"));
  CHECK(own_lines(chains + "-A PREROUTING -j MARK\n-A PREROUTING -j WEIR\n") !=
        own_lines(chains + "-A PREROUTING -j WEIR\n"));
  CHECK(own_lines("*filter\n-A FORWARD -j ACCEPT\n-A FORWARD -j WEIR\n") ==
        own_lines("*filter\n-A FORWARD -j WEIR\n"));
}

}  // namespace weir::firewall
