// The example of src/rules/README.md is a condition that works, in all that asks conditions.
#include <array>
#include <fstream>
#include <sstream>
#include <string>

#include "cli/load.h"
#include "config/made_up_files.h"
#include "firewall/evaluate.h"
#include "firewall/lower.h"
#include "firewall/print_iptables.h"
#include "firewall/print_nft.h"
#include "rules/rule_fixture.h"
#include "source_tree.h"

namespace weir {

extern const ConditionType client_port_condition;  // example_condition.cc

namespace {

std::string read(const std::string& path) {
  std::ifstream file(source_tree() / path);
  REQUIRE(file);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// A configuration that knows one condition more.
Loaded load_with(const std::string& text) {
  const auto known = condition_types();
  std::vector<const ConditionType*> conditions(known.begin(), known.end());
  conditions.push_back(&client_port_condition);
  Schema schema = registry_schema();
  schema.conditions = conditions;
  return load_configuration("weir.ini", schema, MadeUpFiles({{"weir.ini", text}}));
}

RuleSettings rule_with(const std::string& ports) {
  auto loaded = load_with("[rule r]\non = tcp/80\nuse = reject\nclient-port = " + ports + "\n");
  REQUIRE(loaded.configuration);
  return loaded.configuration->rules.at(0);
}

Flow from(Port port) {
  Flow flow = flow_of(Protocol::tcp, "192.0.2.1", "198.51.100.1:80");
  flow.client.port = port;
  return flow;
}

}  // namespace

TEST_CASE("the README's example is the file that is compiled, and is short") {
  const std::string manual = read("src/rules/README.md");
  const std::string fence = "```cpp\n";
  const auto begin = manual.find(fence);
  REQUIRE(begin != std::string::npos);
  const auto end = manual.find("```", begin + fence.size());
  const std::string shown = manual.substr(begin + fence.size(), end - begin - fence.size());
  CHECK(shown == read("tests/unit/rules/example_condition.cc"));
  std::istringstream lines(shown);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    count += line.empty() ? 0 : 1;
  }
  CHECK(count < 60);
}

TEST_CASE("the README's example is read, and what is wrong with it is said at its line") {
  CHECK(rule_with("1024-65535").conditions.size() == 2);
  const Loaded wrong = load_with("[rule r]\non = tcp/80\nuse = reject\nclient-port = many\n");
  CHECK_FALSE(wrong.configuration);
  REQUIRE(wrong.diagnostics.size() == 1);
  CHECK(wrong.diagnostics[0].line() == "weir.ini:4: error: 'many' is no range of ports");
}

TEST_CASE("the README's example decides, and says why it does not hold") {
  const std::array rules{rule_with("1024-65535")};
  const RuleSet set = RuleSet::compile(rules);
  CHECK(set.match(from(1024), {}) == std::optional<std::size_t>{0});
  CHECK(set.match(from(1023), {}) == std::optional<std::size_t>{});
  CHECK(why_not(rules[0], from(7), "") == "client port 7 is not in 1024-65535");
  CHECK(why_not(rules[0], from(2000), "").empty());
}

TEST_CASE("the README's example shadows, and a reload sees it change") {
  std::vector<RuleSettings> rules{rule_with("1024-65535"), rule_with("2000-3000")};
  CHECK(shadowed_rules(rules).size() == 1);
  rules[1] = rule_with("1023-1024");
  CHECK(shadowed_rules(rules).empty());
  CHECK(rule_with("1-2").conditions == rule_with("1-2").conditions);
  CHECK_FALSE(rule_with("1-2").conditions == rule_with("1-3").conditions);
}

TEST_CASE("the README's example is decided by the firewall, with either tool") {
  Configuration configuration;
  configuration.rules = {rule_with("1024-65535")};
  const std::array handlings{Upstream::Handling{.offload = Upstream::Offload::reject}};
  const auto plan = firewall::make_plan(firewall::make_ruleset(configuration, handlings, {}));
  const auto nft = firewall::for_nft(plan);
  const auto iptables = firewall::for_iptables(plan, Family::v4);
  CHECK(firewall::print_nft(nft).find("tcp dport 80 th sport 1024-65535 ") != std::string::npos);
  CHECK(firewall::print_iptables(iptables).find("--dports 80 -m multiport --sports 1024:65535 ") !=
        std::string::npos);
  for (const auto& [port, end] :
       {std::pair<Port, firewall::Outcome::End>(2000, firewall::Outcome::End::refused),
        {80, firewall::Outcome::End::passes}}) {
    const firewall::Packet packet{.source = {from(port).client.address, port},
                                  .destination = from(port).destination,
                                  .opening = true,
                                  .in = "lan",
                                  .route_out = "wan"};
    CHECK(firewall::evaluate(plan, packet).end == end);
    CHECK(firewall::evaluate(nft, packet).end == end);
    CHECK(firewall::evaluate(iptables, packet).end == end);
  }
}

}  // namespace weir
