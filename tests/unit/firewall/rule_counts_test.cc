#include "firewall/rule_counts.h"

#include "catch.h"
#include "make.h"

namespace weir::firewall {

namespace {

Ruleset bypasses(std::vector<std::string> names) {
  std::vector<Made> rules;
  for (const std::string& name : names) {
    rules.push_back(rule(name, {tcp(80)}, Offload::bypass));
  }
  return ruleset_of(rules);
}

std::vector<RuleCounter> counted(const Ruleset& ruleset, std::vector<std::uint64_t> packets) {
  auto counters = zero_counters(ruleset);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    counters.at(i).packets = packets[i];
    counters.at(i).bytes = 100 * packets[i];
  }
  return counters;
}

}  // namespace

TEST_CASE("counters that go on over a replacement are not counted twice") {
  const Ruleset ruleset = bypasses({"web"});
  RuleCounts counts;
  counts.take(ruleset, counted(ruleset, {5}));
  counts.replaced(false);
  counts.take(ruleset, counted(ruleset, {7}));
  CHECK(counts.all().at("web").packets == 7);
  CHECK(counts.all().at("web").bytes == 700);
}

TEST_CASE("counters that begin anew are added to what was counted") {
  const Ruleset ruleset = bypasses({"web"});
  RuleCounts counts;
  counts.take(ruleset, counted(ruleset, {5}));
  counts.replaced(true);
  counts.take(ruleset, counted(ruleset, {7}));
  CHECK(counts.all().at("web").packets == 12);
}

TEST_CASE("a counter that says less than before has begun anew") {
  const Ruleset ruleset = bypasses({"web"});
  RuleCounts counts;
  counts.take(ruleset, counted(ruleset, {5}));
  counts.take(ruleset, counted(ruleset, {2}));
  CHECK(counts.all().at("web").packets == 7);
}

TEST_CASE("a rule that moves to another row has another counter, and keeps what it counted") {
  RuleCounts counts;
  const Ruleset before = bypasses({"web"});
  counts.take(before, counted(before, {5}));
  counts.replaced(false);
  const Ruleset after = bypasses({"dns", "web"});
  counts.take(after, counted(after, {1, 9}));
  CHECK(counts.all().at("dns").packets == 1);
  CHECK(counts.all().at("web").packets == 14);
}

TEST_CASE("a rule that no packet meets for a while keeps what it counted") {
  RuleCounts counts;
  const Ruleset open = bypasses({"web", "dns"});
  Ruleset closed = bypasses({"web"});
  closed.idle = {"dns"};
  counts.take(open, counted(open, {5, 3}));
  for (int day = 0; day < 3; ++day) {
    counts.replaced(false);
    counts.take(closed, counted(closed, {5}));
    CHECK(counts.all().at("dns").packets == 3);
    counts.replaced(false);
  }
  counts.take(open, counted(open, {5, 1}));
  CHECK(counts.all().at("dns").packets == 4);
}

TEST_CASE("a rule that comes back after one replacement goes on, after two it begins anew") {
  RuleCounts counts;
  const Ruleset with = bypasses({"web", "dns"});
  const Ruleset without = bypasses({"web"});
  counts.take(with, counted(with, {5, 3}));
  counts.replaced(false);
  counts.take(without, counted(without, {5}));
  CHECK_FALSE(counts.all().contains("dns"));
  SECTION("one") {
    counts.take(with, counted(with, {5, 1}));
    CHECK(counts.all().at("dns").packets == 4);
  }
  SECTION("two") {
    counts.replaced(false);
    counts.take(with, counted(with, {5, 1}));
    CHECK(counts.all().at("dns").packets == 1);
  }
}

}  // namespace weir::firewall
