// The rows of the conditions, and the values that they make.
#include <set>

#include "base/machine.h"
#include "config/findings.h"
#include "config/section_kinds.h"
#include "rules/rule_fixture.h"

namespace weir {
namespace {

using Index = ConditionType::Index;
using Lines = std::vector<std::string>;

struct Parsed {
  RuleSettings rule;
  Lines findings;
};

// What a section with these lines is to every row; line 2 is the first of them.
Parsed parsed(const std::vector<std::pair<std::string, std::string>>& lines) {
  const auto keys = keys_of(*find_section_kind("rule"), condition_types());
  Settings settings("r", {"f", 1}, keys);
  int line = 1;
  for (const auto& [name, text] : lines) {
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&, name = name](const Key& one) { return one.name == name; });
    REQUIRE(key != keys.end());
    auto value = parse_value(*key, text, {"f", ++line});
    REQUIRE(value.ok());
    settings.add(name, std::move(value).value());
  }
  Findings findings;
  Parsed out;
  for (const ConditionType* type : condition_types()) {
    if (auto made = type->parse(settings, findings)) {
      out.rule.set(RuleCondition::of(*type, std::move(made)));
    }
  }
  for (const Diagnostic& finding : findings.take()) {
    out.findings.push_back(finding.line());
  }
  return out;
}

}  // namespace

TEST_CASE("every row answers what is asked of every condition") {
  std::set<std::string_view> names;
  for (const ConditionType* type : condition_types()) {
    REQUIRE_FALSE(type->keys.empty());
    INFO(type->keys.front().name);
    CHECK(type->parsed_type != nullptr);
    CHECK(type->parse != nullptr);
    CHECK(type->holds != nullptr);
    CHECK(type->why_not != nullptr);
    CHECK(type->covers != nullptr);
    CHECK(type->same != nullptr);
    CHECK((type->within != nullptr) ==
          (type->index == Index::client || type->index == Index::destination));
    for (const Key& key : type->keys) {
      CHECK(names.insert(key.name).second);
    }
  }
  for (const Key& key : find_section_kind("rule")->keys) {
    INFO(key.name);
    CHECK(names.insert(key.name).second);
  }
}

TEST_CASE("a row makes a condition of its lines, and none where there are none") {
  const Parsed none = parsed({});
  CHECK(none.rule.conditions.empty());
  CHECK(none.findings.empty());
  const Parsed all = parsed({{"interface", "lan0, ppp*"},
                             {"destination", "!10.0.0.0/8"},
                             {"client", "192.0.2.0/24"},
                             {"client", "fd00::/8, !fd00::1"},
                             {"on", "tcp/80, any/53"}});
  CHECK(all.findings.empty());
  REQUIRE(all.rule.conditions.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {  // in the table's order
    CHECK(&all.rule.conditions[i].type() == condition_types()[i]);
  }
  CHECK(all.rule.on() == std::vector<PortRange>{tcp(80), tcp(53), udp(53)});
  CHECK(all.rule.client() == condition({"192.0.2.0/24", "fd00::/8", "!fd00::1"}));
  CHECK(all.rule.destination() == condition({"!10.0.0.0/8"}));
  CHECK(all.rule.interfaces() == Lines{"lan0", "ppp*"});
}

TEST_CASE("what is wrong with an item is said at its line, and the others count") {
  const Parsed some = parsed({{"on", "tcp/80, sctp/9"}, {"client", "192.0.2.1, nobody, any"}});
  REQUIRE(some.findings.size() == 3);
  CHECK(some.findings[0].starts_with("f:2: error: 'sctp/9' has an unknown protocol"));
  CHECK(some.findings[1].starts_with("f:3: error: 'client': "));
  CHECK(some.findings[2] ==
        "f:3: error: 'client': 'any' is no address: leave the key out to match every address");
  CHECK(some.rule.on() == std::vector<PortRange>{tcp(80)});
  CHECK(some.rule.client() == condition({"192.0.2.1"}));
}

TEST_CASE("copies of a condition share its value") {
  const RuleCondition one = client({"192.0.2.0/24"});
  const RuleCondition other = one;  // NOLINT(performance-unnecessary-copy-initialization)
  CHECK(one.parsed() == other.parsed());
  CHECK(one == other);
}

TEST_CASE("conditions are equal when their row and what they say are") {
  CHECK(client({"192.0.2.0/24"}) == client({"192.0.2.0/24"}));
  CHECK_FALSE(client({"192.0.2.0/24"}) == client({"192.0.2.0/25"}));
  CHECK_FALSE(client({"192.0.2.0/24"}) == client({"!192.0.2.0/24"}));
  CHECK_FALSE(client({"192.0.2.0/24"}) == destination({"192.0.2.0/24"}));
  CHECK(on({tcp(80)}) == on({tcp(80)}));
  CHECK_FALSE(on({tcp(80)}) == on({tcp(80), tcp(81)}));
  CHECK_FALSE(interfaces({"lan0"}) == interfaces({"lan1"}));
}

TEST_CASE("a rule has one condition of a row: a later one takes its place") {
  RuleSettings rule;
  rule.set(on({tcp(80)}));
  rule.set(client({"192.0.2.1"}));
  rule.set(on({tcp(443)}));
  REQUIRE(rule.conditions.size() == 2);
  CHECK(rule.on() == std::vector<PortRange>{tcp(443)});
  REQUIRE(rule.find(client_condition) != nullptr);
  CHECK(rule.find(client_condition)->key() == "client");
  CHECK(rule.find(interface_condition) == nullptr);
}

TEST_CASE("a rule takes all flows on its ports while it asks for nothing else") {
  RuleSettings rule;
  rule.set(on({tcp(80)}));
  CHECK(rule.takes_all());
  rule.set(interfaces({"lan0"}));
  CHECK_FALSE(rule.takes_all());
}

TEST_CASE("a rule admits the families that all of its conditions admit") {
  const auto admitted = [](const std::vector<std::string>& clients,
                           const std::vector<std::string>& destinations) {
    RuleSettings rule;
    rule.set(on({tcp(80)}));
    rule.set(client(clients));
    rule.set(destination(destinations));
    return std::pair(rule.admits(Family::v4), rule.admits(Family::v6));
  };
  CHECK(admitted({"!192.0.2.1"}, {"!fd00::1"}) == std::pair(true, true));
  CHECK(admitted({"192.0.2.1"}, {"!fd00::1"}) == std::pair(true, false));
  CHECK(admitted({"192.0.2.1", "fd00::1"}, {"fd00::2"}) == std::pair(false, true));
  CHECK(admitted({"192.0.2.1"}, {"fd00::2"}) == std::pair(false, false));
}

TEST_CASE("a port of a bridge means the bridge, once the machine's links are known") {
  const std::vector<Link> links{{1, "br0", 0, ""}, {2, "lan1", 1, "bridge"}, {3, "wan", 0, ""}};
  RuleSettings rule;
  rule.set(on({tcp(80)}));
  rule.set(interfaces({"lan1", "wan"}));
  const RuleSettings here = rule.fitted({.links = links});
  CHECK(here.interfaces() == Lines{"br0", "wan"});
  CHECK(here.on() == rule.on());
  CHECK(here.conditions[0].parsed() == rule.conditions[0].parsed());
  CHECK(rule.interfaces() == Lines{"lan1", "wan"});
  CHECK(rule.fitted({.links = {}}).conditions == rule.conditions);
}

TEST_CASE("ports are covered by the ranges that have them, and no condition by none") {
  const auto covers = [](std::vector<PortRange> wide, std::vector<PortRange> narrow) {
    const RuleCondition other = on(std::move(narrow));
    return on(std::move(wide)).covers(&other);
  };
  CHECK(covers({tcp(1, 100), udp(53)}, {tcp(80), tcp(90, 100), udp(53)}));
  CHECK_FALSE(covers({tcp(1, 100)}, {tcp(80, 101)}));
  CHECK_FALSE(covers({tcp(1, 100)}, {udp(80)}));
  CHECK_FALSE(on({tcp(1, 65'535)}).covers(nullptr));
  CHECK_FALSE(interfaces({"lan0"}).covers(nullptr));
  CHECK(client({"0.0.0.0/0", "::/0"}).covers(nullptr));
}

}  // namespace weir
