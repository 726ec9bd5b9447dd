// What a rule's conditions are to a packet filter, and what becomes of rules that it cannot check.
#include "firewall/narrowing.h"

#include <array>

#include "catch.h"
#include "firewall/evaluate.h"
#include "firewall/lower.h"
#include "firewall/print_iptables.h"
#include "firewall/print_nft.h"
#include "firewall/ruleset_json.h"
#include "make.h"
#include "rules/conditions/condition.h"

namespace weir::firewall {
namespace {

using End = Outcome::End;

constexpr std::size_t any_size = 1'000;

// Only the gateway sees it.
struct Secret {
  using Parsed = int;
  static constexpr std::array keys{Key{.name = "secret"}};
  static std::optional<Parsed> parse(const Settings& /*settings*/, Findings& /*findings*/) {
    return std::nullopt;
  }
  static Answer holds(const Parsed& /*it*/, const FlowFacts& /*facts*/) { return Answer::no; }
  static std::string why_not(const Parsed& /*it*/, const FlowFacts& /*facts*/) { return "no"; }
  static bool covers(const Parsed& /*it*/, const Parsed* /*other*/) { return false; }
};
constinit const ConditionType secret_condition = condition_type<Secret>();

// The client's port, in words of its own.
match::InWords from_ports(const std::vector<Port>& ports) {
  match::InWords out{.nft = "th sport { 7, 9 }", .any_of = {}};
  for (const Port port : ports) {
    out.any_of.push_back({"-m multiport --sports " + std::to_string(port),
                          [port](const Packet& packet) { return packet.source.port == port; }});
  }
  return out;
}

struct FromPorts {
  using Parsed = std::vector<Port>;
  static constexpr std::array keys{Key{.name = "from-ports"}};
  static std::optional<Parsed> parse(const Settings& /*settings*/, Findings& /*findings*/) {
    return std::nullopt;
  }
  static Answer holds(const Parsed& ports, const FlowFacts& facts) {
    return answer(std::find(ports.begin(), ports.end(), facts.flow().client.port) != ports.end());
  }
  static std::string why_not(const Parsed& /*it*/, const FlowFacts& /*facts*/) { return "no"; }
  static bool covers(const Parsed& /*it*/, const Parsed* /*other*/) { return false; }
  static void lower(const Parsed& ports, Narrowing& rule) { rule.to(from_ports(ports)); }
};
constinit const ConditionType from_ports_condition = condition_type<FromPorts>();

// Items `N`, clients' ports, in words of their own; a packet filter cannot check 0.
struct PortItem {
  using Parsed = int;
  static bool claims(std::string_view /*item*/) { return true; }
  static Result<Parsed> parse(std::string_view item, FlowEnd /*end*/) {
    return std::stoi(std::string(item));
  }
  static Answer holds(const Parsed& port, FlowEnd /*end*/, const FlowFacts& facts) {
    return answer(facts.flow().client.port == port);
  }
  static std::string text(const Parsed& port) { return std::to_string(port); }
  static bool lower(const Parsed& port, FlowEnd /*end*/, ItemWords& words) {
    const auto number = static_cast<Port>(port);
    words = {.nft_key = "th sport",
             .nft_value = std::to_string(port),
             .iptables_module = "-m multiport",
             .iptables_option = "--sports " + std::to_string(port),
             .holds = [number](const Packet& packet) { return packet.source.port == number; },
             .comes_in = false};
    return port != 0;
  }
};
constinit const AddressItemType port_item = address_item_type<PortItem>();

AddressItem item(int port) { return {port_item, std::make_shared<const int>(port)}; }

Made with_items(Made made, AddressCondition clients) {
  made.settings.set({client_condition, AddressMatch(std::move(clients))});
  return made;
}

Packet syn(const std::string& from, const std::string& to) {
  Packet packet;
  packet.source = Endpoint::parse(from).value();
  packet.destination = Endpoint::parse(to).value();
  packet.opening = true;
  packet.in = "lan";
  packet.route_out = "wan";
  return packet;
}

// In all forms alike.
End end_of(const Ruleset& ruleset, const Packet& packet) {
  const Plan plan = make_plan(ruleset);
  const End planned = evaluate(plan, packet).end;
  CHECK(evaluate(for_nft(plan), packet).end == planned);
  CHECK(evaluate(for_iptables(plan, packet.destination.family()), packet).end == planned);
  return planned;
}

}  // namespace

TEST_CASE("conditions narrow a rule to ports, to addresses and to interfaces") {
  const Made made = rule("web", {tcp(80), tcp(81), udp(53)})
                        .client({"192.0.2.0/24", "!192.0.2.9"})
                        .destination({"fd00::/8", "198.51.100.1"})
                        .interface("lan");
  const Narrowing narrowing = narrowed(made.settings, any_size);
  CHECK(narrowing.is_exact());
  CHECK(narrowing.tcp() == Ports{{{80, 81}}});
  CHECK(narrowing.udp() == Ports{{{53, 53}}});
  CHECK(narrowing.addresses(Family::v4) == Addresses{.client = {prefix("192.0.2.0/24")},
                                                     .not_client = {prefix("192.0.2.9")},
                                                     .destination = {prefix("198.51.100.1")},
                                                     .not_destination = {}});
  CHECK_FALSE(narrowing.addresses(Family::v6));
  CHECK(narrowing.inbound() == std::vector<std::string>{"lan"});
  CHECK(narrowing.only_inbound());
  CHECK_FALSE(narrowed(rule("web", {tcp(80)}).settings, any_size).only_inbound());
}

TEST_CASE(
    "what a packet does not show goes to the gateway, as far as the rule's other conditions hold") {
  Made secret = rule("secret", {tcp(443)}, Offload::drop).client({"192.0.2.0/24"});
  secret.settings.set({secret_condition, 1});
  CHECK_FALSE(narrowed(secret.settings, any_size).is_exact());
  const Ruleset ruleset = ruleset_of({secret, rule("no", {tcp(443), tcp(444)}, Offload::reject)});
  CHECK(end_of(ruleset, syn("192.0.2.7:999", "198.51.100.1:443")) == End::to_listener);
  CHECK(end_of(ruleset, syn("192.0.3.7:999", "198.51.100.1:443")) == End::refused);
  CHECK(end_of(ruleset, syn("192.0.2.7:999", "198.51.100.1:444")) == End::refused);
}

TEST_CASE("what no rule matches on a port with such a rule is the gateway's, too") {
  Made secret = rule("secret", {tcp(443)}, Offload::reject).client({"192.0.2.0/24"});
  CHECK(end_of(ruleset_of({secret}), syn("192.0.3.7:999", "198.51.100.1:443")) == End::passes);
  secret.settings.set({secret_condition, 1});
  CHECK(end_of(ruleset_of({secret}), syn("192.0.3.7:999", "198.51.100.1:443")) == End::to_listener);
}

TEST_CASE("a flow that may be a later rule's is not left to the routes") {
  Made here = rule("here", {tcp(443)}).leads(Leads::to_destination);
  const Made later = rule("pool", {tcp(443)}).leads(Leads::elsewhere);
  Packet lost = syn("192.0.2.7:999", "198.51.100.1:443");
  lost.route_out.reset();
  const auto end = [&] {
    Ruleset ruleset = ruleset_of({here, later});
    ruleset.by_routes.v4 = {prefix("198.51.100.0/24")};  // where there is no route
    return end_of(ruleset, lost);
  };
  CHECK(end() == End::passes);
  here.settings.set({secret_condition, 1});
  CHECK(end() == End::to_listener);
}

TEST_CASE("a condition's own words stand in the rules of either tool, and mean the same") {
  Made made = rule("odd", {tcp(80)}, Offload::reject).client({"192.0.2.0/24"});
  made.settings.set({from_ports_condition, std::vector<Port>{7, 9}});
  const Ruleset ruleset = ruleset_of({made});
  CHECK(end_of(ruleset, syn("192.0.2.1:7", "198.51.100.1:80")) == End::refused);
  CHECK(end_of(ruleset, syn("192.0.2.1:9", "198.51.100.1:80")) == End::refused);
  CHECK(end_of(ruleset, syn("192.0.2.1:8", "198.51.100.1:80")) == End::passes);
  CHECK(end_of(ruleset, syn("192.0.3.1:7", "198.51.100.1:80")) == End::passes);
  const std::string nft = print_nft(for_nft(make_plan(ruleset)));
  CHECK(nft.find("tcp dport 80 ip saddr 192.0.2.0/24 th sport { 7, 9 } counter") !=
        std::string::npos);
  const Plan lowered = for_iptables(make_plan(ruleset), Family::v4);
  const std::string iptables = print_iptables(lowered);
  CHECK(iptables.find("--dports 80 -m multiport --sports 7 -j WEIR-1") != std::string::npos);
  CHECK(iptables.find("--dports 80 -m multiport --sports 9 -j WEIR-1") != std::string::npos);
  CHECK(ruleset_json(ruleset).find(R"("also":["th sport { 7, 9 }"])") != std::string::npos);
}

TEST_CASE("items of one key are one match, negated ones each their own") {
  const Ruleset ruleset = ruleset_of(
      {with_items(rule("odd", {tcp(80)}, Offload::reject), {.include_items = {item(7), item(9)}}),
       with_items(rule("even", {tcp(80)}, Offload::drop), {.exclude_items = {item(8), item(6)}})});
  CHECK(end_of(ruleset, syn("192.0.2.1:7", "198.51.100.1:80")) == End::refused);
  CHECK(end_of(ruleset, syn("192.0.2.1:9", "198.51.100.1:80")) == End::refused);
  CHECK(end_of(ruleset, syn("192.0.2.1:8", "198.51.100.1:80")) == End::passes);
  CHECK(end_of(ruleset, syn("192.0.2.1:6", "198.51.100.1:80")) == End::passes);
  CHECK(end_of(ruleset, syn("192.0.2.1:5", "198.51.100.1:80")) == End::dropped);
  const std::string nft = print_nft(for_nft(make_plan(ruleset)));
  CHECK(nft.find("th sport { 7, 9 }") != std::string::npos);
  CHECK(nft.find("th sport != 8 th sport != 6") != std::string::npos);
}

TEST_CASE(
    "a list of prefixes and of other items is the gateway's, and so is what no packet shows") {
  const auto exact = [](AddressCondition clients) {
    return narrowed(with_items(rule("r", {tcp(80)}), std::move(clients)).settings, any_size)
        .is_exact();
  };
  CHECK(exact({.include = {prefix("192.0.2.0/24")}, .exclude_items = {item(7)}}));
  CHECK_FALSE(exact({.include = {prefix("192.0.2.0/24")}, .include_items = {item(7)}}));
  CHECK_FALSE(exact({.include_items = {item(0)}}));
  CHECK_FALSE(exact({.exclude_items = {item(0)}}));
  const Ruleset ruleset = ruleset_of(
      {with_items(rule("mixed", {tcp(80)}, Offload::reject).destination({"198.51.100.0/24"}),
                  {.include = {prefix("192.0.2.0/24")}, .include_items = {item(7)}})});
  CHECK(end_of(ruleset, syn("192.0.3.1:7", "198.51.100.1:80")) == End::to_listener);
  CHECK(end_of(ruleset, syn("192.0.3.1:8", "198.51.100.1:80")) == End::to_listener);
}

TEST_CASE("what the router itself sends meets no rule for what comes in") {
  const auto end = [](const Made& made) {
    Packet packet = syn("192.0.2.1:999", "198.51.100.1:80");
    packet.in.clear();
    packet.out = "wan";
    FirewallSettings settings;
    settings.local = true;
    return end_of(ruleset_of({made}, settings), packet);
  };
  CHECK(end(rule("no", {tcp(80)}, Offload::reject)) == End::refused);
  CHECK(end(rule("no", {tcp(80)}, Offload::reject).interface("lan")) == End::passes);
}

}  // namespace weir::firewall
