// Rules that an earlier one leaves nothing for.
#include "rules/rule_fixture.h"

namespace weir {
namespace {

std::vector<std::string> shadows(const std::vector<RuleWords>& words) {
  std::vector<std::string> out;
  for (const Diagnostic& finding : shadowed_rules(rules_of(words))) {
    out.push_back(finding.line());
  }
  return out;
}

using Lines = std::vector<std::string>;

const Lines b_by_a{
    "f:2: warning: [rule b] never matches: [rule a] before it takes all of its flows"};

TEST_CASE("a rule is shadowed by an earlier one that wants no more than it does") {
  CHECK(shadows({{}, {}}) == b_by_a);
  CHECK(shadows({{.on = {tcp(1, 100)}}, {.on = {tcp(80), tcp(90)}}}) == b_by_a);
  CHECK(shadows({{}, {.client = {"10.0.0.0/8"}, .interfaces = {"eth0"}}}) == b_by_a);
  CHECK(shadows({{.client = {"10.0.0.0/8"}}, {.client = {"10.1.0.0/16", "10.2.0.1"}}}) == b_by_a);
  CHECK(shadows({{.interfaces = {"eth0", "eth1"}}, {.interfaces = {"eth1"}}}) == b_by_a);
  CHECK(shadows({{.client = {"!10.0.0.1"}}, {.client = {"!10.0.0.0/8"}}}) == b_by_a);
  CHECK(shadows({{.client = {"!10.0.0.1"}}, {.client = {"192.0.2.0/24"}}}) == b_by_a);
  CHECK(shadows({{.client = {"0.0.0.0/0", "::/0"}}, {}}) == b_by_a);
}

TEST_CASE("a rule with a flow left is not shadowed") {
  CHECK(shadows({{.on = {tcp(1, 100)}}, {.on = {tcp(80, 101)}}}).empty());
  CHECK(shadows({{.on = {udp(80)}}, {.on = {tcp(80)}}}).empty());
  CHECK(shadows({{.client = {"10.0.0.0/8"}}, {}}).empty());
  CHECK(shadows({{.client = {"10.0.0.0/8"}}, {.client = {"10.1.0.0/16", "11.0.0.0/8"}}}).empty());
  CHECK(shadows({{.client = {"10.0.0.0/8", "!10.0.0.1"}}, {.client = {"10.0.0.0/8"}}}).empty());
  CHECK(shadows({{.client = {"!10.0.0.0/8"}}, {.client = {"10.1.0.0/16"}}}).empty());
  CHECK(shadows({{.interfaces = {"eth0"}}, {}}).empty());
  CHECK(shadows({{.client = {"10.0.0.0/8"}}, {.destination = {"10.0.0.0/8"}}}).empty());
}

TEST_CASE("several rules can take a rule's ports between them") {
  CHECK(shadows({{.on = {tcp(1, 50)}}, {.on = {tcp(51, 100)}}, {.on = {tcp(40, 60)}}}) ==
        Lines{"f:3: warning: [rule c] never matches: [rule a], [rule b] before it takes all of its "
              "flows"});
}

TEST_CASE("a shadow falls also where hundreds of rules share a port") {
  std::vector<RuleWords> words;
  for (int i = 0; i < 100; ++i) {
    words.push_back({.client = {"10.0." + std::to_string(i) + ".0/24"}});
  }
  words.push_back({.client = {"10.0.42.7"}});
  words.push_back({.client = {"10.1.42.7"}});
  const auto found = shadowed_rules(rules_of(words));
  REQUIRE(found.size() == 1);
  CHECK(found[0].location.line == 101);
}

TEST_CASE("a shadow falls past an earlier rule that takes only some of the shadowed rule's flows") {
  std::vector<RuleWords> words{{.client = {"10.0.0.0"}},
                               {.client = {"10.0.0.0/8"}},
                               {.client = {"11.0.0.0/8"}},
                               {.client = {"12.0.0.0/8"}},
                               {.client = {"10.0.0.0/8"}, .destination = {"192.0.2.1"}}};
  const auto found = shadowed_rules(rules_of(words));
  REQUIRE(found.size() == 1);
  CHECK(found[0].text == "[rule e] never matches: [rule b] before it takes all of its flows");
}

TEST_CASE("thousands of rules on one port are compared in a moment") {
  std::vector<RuleWords> words;
  for (int i = 0; i < 5000; ++i) {
    words.push_back(
        {.client = {"10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24"}});
  }
  CHECK(shadows(words).empty());
}

}  // namespace
}  // namespace weir
