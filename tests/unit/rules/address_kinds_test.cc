// The kinds of items that lists of clients and destinations have: lan:IF and ADDRESS/MASK.
#include "base/machine.h"
#include "devices/device_table.h"
#include "rules/lowered_rule.h"

namespace weir {
namespace {

using End = firewall::Outcome::End;

LinkNetwork network(const std::string& interface, const std::string& prefix) {
  return {.interface = interface, .network = Prefix::parse(prefix).value()};
}

const std::vector<LinkNetwork> before{network("lan", "192.0.2.0/24"),
                                      network("lan", "2001:db8:1::/64"),
                                      network("guest", "198.51.100.0/24")};
const std::vector<LinkNetwork> renumbered{network("lan", "192.0.2.0/24"),
                                          network("lan", "2001:db8:2::/64")};

TEST_CASE("lan: is the networks that its interface has at the moment") {
  const RuleSettings rule = rule_for("lan:lan");
  const RuleSettings here = rule.fitted({.networks = before});
  CHECK(holds(here, "192.0.2.7"));
  CHECK(holds(here, "2001:db8:1::7"));
  CHECK_FALSE(holds(here, "198.51.100.7"));
  const RuleSettings later = here.fitted({.networks = renumbered});
  CHECK(holds(later, "2001:db8:2::7"));
  CHECK_FALSE(holds(later, "2001:db8:1::7"));
  CHECK_FALSE(later.conditions == here.conditions);
  CHECK(later.conditions == rule.fitted({.networks = renumbered}).conditions);
  CHECK_FALSE(holds(rule.fitted({}), "192.0.2.7"));
}

TEST_CASE("!lan: is everything but its interface's networks") {
  const RuleSettings here = rule_for("!lan:lan").fitted({.networks = before});
  CHECK_FALSE(holds(here, "2001:db8:1::7"));
  CHECK(holds(here, "198.51.100.7"));
}

TEST_CASE("why not shows which networks lan: stands for") {
  const Flow flow = flow_of(Protocol::tcp, "203.0.113.9", "192.0.2.1:80");
  CHECK(why_not(rule_for("lan:lan").fitted({.networks = before}), flow, "") ==
        "client 203.0.113.9 is not in lan:lan (192.0.2.0/24, 2001:db8:1::/64)");
  CHECK(why_not(rule_for("lan:lan").fitted({.networks = std::span<const LinkNetwork>()}), flow,
                "") == "client 203.0.113.9 is not in lan:lan (no network now)");
}

TEST_CASE("the firewall has the prefixes that lan: stands for, and the gateway where it has none") {
  const Plans plans(rule_for("lan:lan").fitted({.networks = before}));
  CHECK(plans.end("192.0.2.7") == End::refused);
  CHECK(plans.end("2001:db8:1::7") == End::refused);
  CHECK(plans.end("198.51.100.7") == End::passes);
  CHECK(firewall::print_nft(plans.nft).find("192.0.2.0/24") != std::string::npos);
  CHECK(Plans(rule_for("lan:lan").fitted({})).end("192.0.2.7") == End::to_listener);
}

TEST_CASE("a masked address holds behind any prefix, and for no IPv4 address") {
  const RuleSettings rule = rule_for("::10/::ffff:ffff:ffff:ffff");
  CHECK(holds(rule, "2001:db8:1::10"));
  CHECK(holds(rule, "2001:db8:2::10"));
  CHECK_FALSE(holds(rule, "2001:db8:2::11"));
  CHECK_FALSE(holds(rule, "192.0.2.16"));
  CHECK(holds(rule_for("!::10/::ffff:ffff:ffff:ffff"), "192.0.2.16"));
  CHECK(why_not(rule, flow_of(Protocol::tcp, "2001:db8::9", "[2001:db8::1]:80"), "") ==
        "client 2001:db8::9 is not in ::10/::ffff:ffff:ffff:ffff");
}

TEST_CASE("the firewall compares a masked address by the same bits") {
  const Plans one(rule_for("::10/::ffff:ffff:ffff:ffff, ::11/::ffff:ffff:ffff:ffff"));
  CHECK(one.end("2001:db8:2::10") == End::refused);
  CHECK(one.end("2001:db8:2::11") == End::refused);
  CHECK(one.end("2001:db8:2::12") == End::passes);
  CHECK(one.end("192.0.2.16") == End::passes);
  CHECK(firewall::print_nft(one.nft).find("ip6 saddr & ::ffff:ffff:ffff:ffff { ::10, ::11 }") !=
        std::string::npos);
  const std::string six = firewall::print_iptables(firewall::for_iptables(one.plan, Family::v6));
  CHECK(six.find(" -s ::10/::ffff:ffff:ffff:ffff ") != std::string::npos);
  const std::string four = firewall::print_iptables(firewall::for_iptables(one.plan, Family::v4));
  CHECK(four.find("::10/") == std::string::npos);
}

TEST_CASE("a masked address that is excluded leaves IPv4 in") {
  const Plans plans(rule_for("!::10/::ffff:ffff:ffff:ffff"));
  CHECK(plans.end("2001:db8:2::10") == End::passes);
  CHECK(plans.end("2001:db8:2::11") == End::refused);
  CHECK(plans.end("192.0.2.16") == End::refused);
}

TEST_CASE("a masked address beside prefixes, or one of another mask, is the gateway's") {
  CHECK(is_exact("::10/::ffff:ffff:ffff:ffff"));
  CHECK(is_exact("!::10/::ffff:ffff:ffff:ffff"));
  CHECK_FALSE(is_exact("::10/::ffff:ffff:ffff:ffff, ::10/::ffff"));
  CHECK_FALSE(is_exact("::10/::ffff:ffff:ffff:ffff, 192.0.2.0/24"));
  CHECK_FALSE(is_exact("::10/::ffff:ffff:ffff:ffff, !2001:db8::/32"));
  CHECK_FALSE(is_exact("2001:db8::/32, !::10/::ffff:ffff:ffff:ffff"));
  CHECK_FALSE(is_exact("!::10/::ffff:ffff:ffff:ffff, !::11/::ffff:ffff:ffff:ffff"));
}

TEST_CASE("mac: is the device that the neighbour table knows for the client's address") {
  Device phone;
  phone.mac = Mac::parse("02:00:5e:10:00:01").value();
  const ClientDevice device = [&](const Flow& flow) {
    return flow.client.address == Address::parse("192.0.2.7").value() ? &phone : nullptr;
  };
  const RuleSettings rule = rule_for("mac:02-00-5E-10-00-01");
  const auto why = [&](const std::string& client) {
    return why_not(rule, flow_of(Protocol::tcp, client, "198.51.100.1:80"), "", device);
  };
  CHECK(why("192.0.2.7").empty());
  CHECK(why("192.0.2.8") == "client 192.0.2.8 is not in mac:02:00:5e:10:00:01");
  CHECK_FALSE(holds(rule, "192.0.2.7"));  // nothing is known of devices
  const RuleSet set = RuleSet::compile(std::vector{rule});
  const Flow flow = flow_of(Protocol::tcp, "192.0.2.7", "198.51.100.1:80");
  CHECK(set.match(flow, {}, device) == std::optional<std::size_t>{0});
  CHECK(set.match(flow, {}) == std::optional<std::size_t>{});
}

TEST_CASE("the firewall compares the frame's sender, and leaves an excluded one to the gateway") {
  const Plans plans(rule_for("mac:02:00:5e:10:00:01, mac:02:00:5e:10:00:02"));
  CHECK(plans.end("192.0.2.7", Mac::parse("02:00:5e:10:00:02").value()) == End::refused);
  CHECK(plans.end("2001:db8::7", Mac::parse("02:00:5e:10:00:02").value()) == End::refused);
  CHECK(plans.end("192.0.2.7", Mac::parse("02:00:5e:10:00:03").value()) == End::passes);
  CHECK(firewall::print_nft(plans.nft).find(
            "ether saddr { 02:00:5e:10:00:01, 02:00:5e:10:00:02 }") != std::string::npos);
  CHECK(firewall::print_iptables(firewall::for_iptables(plans.plan, Family::v4))
            .find("-m mac --mac-source 02:00:5e:10:00:01 ") != std::string::npos);
  CHECK(is_exact("mac:02:00:5e:10:00:01"));
  CHECK_FALSE(is_exact("!mac:02:00:5e:10:00:01"));
}

}  // namespace
}  // namespace weir
