// Items name:DEVICE of clients: by the table of devices in the gateway, by MACs and leased
// addresses in the firewall.
#include <algorithm>

#include "base/machine.h"
#include "devices/device_table.h"
#include "rules/lowered_rule.h"

namespace weir {
namespace {

using End = firewall::Outcome::End;

Mac mac(const std::string& text) { return Mac::parse(text).value(); }
Address address(const std::string& text) { return Address::parse(text).value(); }

const Mac tv = mac("00:00:5e:00:53:01");
const Mac printer = mac("00:00:5e:00:53:02");

Lease lease(const std::string& of, const Mac& by, const std::string& name) {
  Lease out;
  out.address = address(of);
  out.mac = by;
  out.name = name;
  return out;
}

// A television that has a lease and an IPv6 address of its own, a printer of [devices], and a
// camera behind another router, which has no MAC here.
DeviceTable household() {
  auto book = std::make_shared<LeaseBook>();
  book->leases = {lease("192.0.2.7", tv, "TV.lan"), lease("198.51.100.9", Mac{}, "camera"),
                  lease("2001:db8:9::9", Mac{}, "camera")};
  const std::vector<NamedMac> named{{"printer", printer}};
  const std::vector<Neighbour> neighbours{
      {address("192.0.2.7"), tv}, {address("2001:db8::7"), tv}, {address("192.0.2.8"), printer}};
  return {named, book, neighbours, std::chrono::sys_seconds{}};
}

ClientDevice finder(const DeviceTable& table) {
  return [&table](const Flow& flow) { return table.device_of(flow.client.address); };
}

struct Asked {
  DeviceTable table = household();
  [[nodiscard]] std::string why(const std::string& clients, const std::string& client) const {
    const bool four = client.find(':') == std::string::npos;
    return why_not(rule_for(clients),
                   flow_of(Protocol::tcp, client, four ? "203.0.113.1:80" : "[2001:db8:f::1]:80"),
                   "", finder(table));
  }
};

TEST_CASE("name: is every address of the devices that have the name") {
  const Asked asked;
  CHECK(asked.why("name:tv", "192.0.2.7").empty());
  CHECK(asked.why("name:tv", "2001:db8::7").empty());
  CHECK(asked.why("name:Tv.Lan", "2001:db8::7").empty());
  CHECK(asked.why("name:printer", "192.0.2.8").empty());
  CHECK(asked.why("name:camera", "198.51.100.9").empty());
  CHECK(asked.why("name:tv", "192.0.2.8") == "client 192.0.2.8 is not in name:tv");
  CHECK(asked.why("name:tv", "192.0.2.99") == "client 192.0.2.99 is not in name:tv");
  CHECK_FALSE(holds(rule_for("name:tv"), "192.0.2.7"));  // nothing is known of devices
}

TEST_CASE("!name: is all but that device, and says which one it was") {
  const Asked asked;
  CHECK(asked.why("!name:tv", "192.0.2.8").empty());
  CHECK(asked.why("!name:tv", "203.0.113.77").empty());
  CHECK(asked.why("!name:tv", "192.0.2.7") ==
        "client 192.0.2.7 is in !name:tv (TV.lan, 00:00:5e:00:53:01)");
}

TEST_CASE("explain hears which device matched") {
  const DeviceTable table = household();
  const Flow flow = flow_of(Protocol::tcp, "192.0.2.7", "203.0.113.1:80");
  CHECK(set_matches(rule_for("name:tv"), flow, finder(table)) ==
        std::vector<std::string>{"client 192.0.2.7 is in name:tv (TV.lan, 00:00:5e:00:53:01)"});
}

TEST_CASE("rules with name: are found among others by the client's device") {
  const DeviceTable table = household();
  std::vector<RuleSettings> rules{rule_for("name:printer"), rule_for("name:tv")};
  const RuleSet set = RuleSet::compile(rules);
  const auto found = [&](const std::string& client) {
    return set.match(flow_of(Protocol::tcp, client, "203.0.113.1:80"), {}, finder(table));
  };
  CHECK(found("192.0.2.7") == std::optional<std::size_t>{1});
  CHECK(found("192.0.2.8") == std::optional<std::size_t>{0});
  CHECK(found("192.0.2.9") == std::optional<std::size_t>{});
}

std::string error_of(std::string_view key, std::string_view text) {
  const auto types = condition_types();
  const auto row = std::find_if(types.begin(), types.end(), [key](const ConditionType* type) {
    return type->keys.front().name == key;
  });
  Settings settings("r", {"f", 1}, (*row)->keys);
  settings.add(key, parse_value((*row)->keys.front(), text, {"f", 2}).value());
  Findings findings;
  (void)(*row)->parse(settings, findings);
  const auto all = findings.take();
  return all.empty() ? "" : all.front().line();
}

TEST_CASE("name: is for clients, and names one") {
  CHECK(error_of("client", "name:") ==
        "f:2: error: 'client': 'name:' names no device (name:tv, by a DHCP lease or [devices])");
  CHECK(error_of("destination", "name:tv") ==
        "f:2: error: 'destination': 'name:' is for clients: what a destination's device is, no "
        "router can tell");
}

RuleSettings fitted(const std::string& clients, const DeviceTable& table) {
  return rule_for(clients).fitted({.devices = &table});
}

TEST_CASE("the firewall has the MACs and the leased addresses of a name, whichever shows") {
  const DeviceTable table = household();
  const Plans plans(fitted("name:tv, name:camera", table));
  CHECK(plans.end("192.0.2.7", tv) == End::refused);
  CHECK(plans.end("2001:db8::7777", tv) == End::refused);
  CHECK(plans.end("198.51.100.9", printer) == End::refused);
  CHECK(plans.end("2001:db8:9::9", printer) == End::refused);
  CHECK(plans.end("192.0.2.8", printer) == End::passes);
  const std::string nft = firewall::print_nft(plans.nft);
  CHECK(nft.find("ether saddr 00:00:5e:00:53:01 ") != std::string::npos);
  CHECK(nft.find("ip saddr { 192.0.2.7, 198.51.100.9 }") != std::string::npos);
  CHECK(nft.find("ip6 saddr 2001:db8:9::9 ") != std::string::npos);
  const std::string four = firewall::print_iptables(firewall::for_iptables(plans.plan, Family::v4));
  CHECK(four.find("-m mac --mac-source 00:00:5e:00:53:01 ") != std::string::npos);
  CHECK(four.find(" -s 198.51.100.9 ") != std::string::npos);
  CHECK(four.find("2001:db8") == std::string::npos);
}

TEST_CASE("the firewall has a name beside conditions on destinations of one family") {
  const DeviceTable table = household();
  RuleSettings rule = fitted("name:camera, name:tv", table);
  rule.set(destination({"203.0.113.0/24"}));
  const Plans plans(rule);
  CHECK(plans.end("198.51.100.9", printer) == End::refused);
  CHECK(plans.end("192.0.2.7", tv) == End::refused);
  CHECK(plans.end("2001:db8:9::9", printer) == End::passes);
  const std::string nft = firewall::print_nft(plans.nft);
  CHECK(nft.find("ip6 saddr 2001:db8:9::9") == std::string::npos);
}

TEST_CASE("a name that no device has is no packet's, until one has it") {
  const DeviceTable none;
  const Plans plans(fitted("name:tv", none));
  CHECK(plans.end("192.0.2.7", tv) == End::passes);
  const DeviceTable table = household();
  const RuleSettings later = fitted("name:tv", none).fitted({.devices = &table});
  CHECK(Plans(later).end("192.0.2.7", tv) == End::refused);
  CHECK_FALSE(later.conditions == fitted("name:tv", none).conditions);
}

TEST_CASE(
    "an excluded name, one beside prefixes, and one that was not looked up, are the gateway's") {
  const DeviceTable table = household();
  const auto exact = [&](const std::string& clients) {
    return firewall::narrowed(fitted(clients, table), FirewallSettings{}.max_set).is_exact();
  };
  CHECK(exact("name:tv"));
  CHECK(exact("name:tv, name:printer, mac:02:00:5e:10:00:01"));
  CHECK(exact("!name:nothing"));
  CHECK_FALSE(exact("!name:tv"));
  CHECK_FALSE(exact("name:tv, 192.0.2.0/24"));
  CHECK_FALSE(exact("name:tv, !192.0.2.9"));
  CHECK_FALSE(is_exact("name:tv"));
  CHECK(firewall::narrowed(fitted("name:tv", table), FirewallSettings{}.max_set).only_inbound());
}

TEST_CASE(
    "why a list with devices is the gateway's is said, and of no list that is the firewall's") {
  const DeviceTable table = household();
  const auto why = [&](const std::string& clients) {
    return firewall::why_left_to_gateway(fitted(clients, table), FirewallSettings{}.max_set);
  };
  const std::string begins = "the gateway decides it, for ";
  CHECK(why("!name:tv") == begins + "packets do not show '!name:tv'");
  CHECK(why("!mac:02:00:5e:10:00:01") == begins + "packets do not show '!mac:02:00:5e:10:00:01'");
  const std::string apart = " beside other things: a rule for each would be the firewall's";
  CHECK(why("name:tv, 192.0.2.0/24") == begins + "'client' wants name:tv" + apart);
  CHECK(why("mac:02:00:5e:10:00:01, ::10/::ffff:ffff:ffff:ffff") ==
        begins + "'client' wants ::10/::ffff:ffff:ffff:ffff" + apart);
  for (const char* exact :
       {"name:tv", "name:tv, name:printer, mac:02:00:5e:10:00:01", "!name:nothing",
        "192.0.2.0/24, !192.0.2.7", "::10/::ffff:ffff:ffff:ffff", "lan:lan"}) {
    INFO(exact);
    CHECK(why(exact).empty());
  }
}

}  // namespace
}  // namespace weir
