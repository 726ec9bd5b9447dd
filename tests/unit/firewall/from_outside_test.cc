#include "firewall/from_outside.h"

#include "catch.h"
#include "make.h"

namespace weir::firewall {

namespace {

// The rule alone, on a router whose wan leads outside.
std::string said(const Made& made, FirewallSettings settings) {
  const std::vector<std::string> uplinks = {"wan"};
  const std::vector<std::string> interfaces = {"guest", "lan", "wan"};
  const Configuration configuration = configuration_of({made}, std::move(settings));
  return open_resolver(configuration, configuration.rules.front(), made.handling, uplinks,
                       interfaces);
}

FirewallSettings named(const std::vector<std::string>& interfaces) {
  FirewallSettings settings;
  settings.local_services = true;
  settings.interfaces = interfaces;
  return settings;
}

Made dns() { return rule("dns", {udp(53)}); }

}  // namespace

TEST_CASE("a rule for questions that the uplink is among is an open resolver's") {
  CHECK(said(dns(), named({"lan", "wan"})) ==
        "[rule dns] answers DNS questions from outside: wan leads there, and with "
        "local-services = yes the rule also matches questions to the router itself; add to the "
        "rule: interface = lan");
  CHECK(said(dns(), named({"wan"}))
            .ends_with(
                "add to the rule: client = 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7"));
  FirewallSettings everywhere = named({});
  everywhere.inbound = Inbound::everywhere;
  CHECK(said(dns(), everywhere).ends_with("add to the rule: interface = guest, lan"));
  CHECK(!said(rule("all", {tcp(1, 65535)}), named({"w*"})).empty());
  CHECK(!said(dns().client({"!192.0.2.1"}), named({"wan"})).empty());
  CHECK(!said(dns().client({"0.0.0.0/0"}), named({"wan"})).empty());
}

TEST_CASE("no open resolver is what asks less of fewer") {
  CHECK(said(dns(), named({"lan"})).empty());
  CHECK(said(dns().interface("lan"), named({"lan", "wan"})).empty());
  CHECK(said(dns().client({"192.0.2.0/24"}), named({"lan", "wan"})).empty());
  CHECK(said(dns().destination({"192.0.2.1"}), named({"lan", "wan"})).empty());
  CHECK(said(rule("web", {tcp(80)}), named({"lan", "wan"})).empty());
  CHECK(said(rule("dns", {udp(53)}, Offload::reject), named({"lan", "wan"})).empty());
  CHECK(said(dns().leads(Leads::to_destination), named({"lan", "wan"})).empty());
  CHECK(said(dns(), named({})).empty());  // auto: no client comes in from outside
  FirewallSettings not_to_itself = named({"lan", "wan"});
  not_to_itself.local_services = false;
  CHECK(said(dns(), not_to_itself).empty());
}

TEST_CASE("a default that carries what comes in from outside and no rule takes is said") {
  const std::vector<std::string> uplinks = {"wan"};
  const auto told = [&](const Made& made, FirewallSettings settings, Offload offload,
                        bool is_given = false) {
    Configuration configuration = configuration_of({made}, std::move(settings));
    configuration.gateway.default_given = is_given;
    return outside_default(configuration, {.offload = offload, .leads = Leads::to_destination},
                           uplinks);
  };
  const Made published = rule("web", {tcp(80)}).destination({"203.0.113.1"});
  CHECK(told(published, named({"lan", "wan"}), Offload::none) ==
        "what comes in by wan, which leads outside, on the ports of [rule web] and matches no rule "
        "is carried on to wherever it goes, past the filters in FORWARD (default = transparent); "
        "write into [gateway]: default = bypass");
  CHECK(told(published, named({"lan", "wan"}), Offload::none, true).empty());
  CHECK(told(published, named({"lan", "wan"}), Offload::bypass).empty());
  CHECK(told(published, named({"lan"}), Offload::none).empty());
  CHECK(told(published, named({}), Offload::none).empty());
  CHECK(told(rule("web", {tcp(80)}), named({"lan", "wan"}), Offload::none).empty());
  CHECK(
      told(rule("web", {tcp(80)}).interface("wan"), named({"lan", "wan"}), Offload::none).empty());
  Configuration closed = configuration_of(
      {published, rule("rest", {tcp(1, 1024)}, Offload::reject)}, named({"lan", "wan"}));
  CHECK(outside_default(closed, {.offload = Offload::none, .leads = Leads::to_destination}, uplinks)
            .empty());
  FirewallSettings leaving = named({"lan", "wan"});
  leaving.towards = {"dmz"};
  CHECK(told(published, leaving, Offload::none).empty());
}

}  // namespace weir::firewall
