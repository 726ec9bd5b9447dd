#include "firewall/policy_rules.h"

#include "catch.h"
#include "firewall/script.h"
#include "make.h"

namespace weir::firewall {

namespace {

std::vector<std::string> all_words(const Ruleset& ruleset) {
  std::vector<std::string> all;
  for (const PolicyRule& rule : policy_rules_of(ruleset, Family::v4)) {
    all.push_back(std::to_string(rule.priority) + ": " + words(rule));
  }
  return all;
}

}  // namespace

TEST_CASE("what is marked is delivered, but for those who look up the reverse path to its sender") {
  FirewallSettings settings;
  settings.mark = {0x100, 0xf00};
  settings.table = 1000;
  CHECK(all_words(ruleset_of({}, settings)) ==
        std::vector<std::string>{"50: from all fwmark 0x100/0xf00 lookup 1000 proto 237",
                                 "51: from all nop proto 237",
                                 "49: from all fwmark 0x100/0xf00 iif lo goto 51 proto 237"});
}

TEST_CASE("what the router itself sends to weir is known by both marks") {
  FirewallSettings settings;
  settings.mark = {0x1, 0xffffff01};
  settings.bypass_mark = {0x2, 0xfe};
  settings.local = true;
  CHECK(all_words(ruleset_of({}, settings)).back() ==
        "48: from all fwmark 0x3 lookup 100 proto 237");
}

TEST_CASE("a rule that is like weir's is none of weir's") {
  const Ruleset ruleset = ruleset_of({});
  std::vector<PolicyRule> present = policy_rules_of(ruleset, Family::v6);
  CHECK(missing_rules(present, ruleset, Family::v6).empty());
  CHECK(missing_rules(present, ruleset, Family::v4).size() == 3);
  CHECK(missing_rules({}, ruleset, Family::v6).size() == 3);
  present.front().mark.mask = 0xff;
  REQUIRE(missing_rules(present, ruleset, Family::v6).size() == 1);
  CHECK(missing_rules(present, ruleset, Family::v6).front().priority == rule_priority);
  present.front() = policy_rules_of(ruleset, Family::v6).front();
  present.back().protocol = 3;
  CHECK(missing_rules(present, ruleset, Family::v6).size() == 1);
}

}  // namespace weir::firewall
