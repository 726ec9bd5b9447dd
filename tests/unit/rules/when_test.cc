// The condition `when`: by the clock that a rule is fitted to.
#include "base/libc_zone.h"
#include "base/machine.h"
#include "firewall/evaluate.h"
#include "firewall/narrowing.h"
#include "rules/conditions/at_change.h"
#include "rules/lowered_rule.h"
#include "said_lines.h"

namespace weir {
namespace {

using std::chrono::sys_seconds;

Machine at(sys_seconds now) {
  return {.clock = std::make_shared<const LocalClock>(
              LocalClock{.now = now, .zone = zone_of("Europe/Berlin")})};
}

// A Monday in summer, when Berlin is two hours ahead.
sys_seconds monday(int hour, int minute = 0) { return utc(2026, 7, 6, hour - 2, minute); }

RuleSettings evening() {
  RuleSettings rule = rules_of({{}}).front();
  rule.set(said("when", "mon-fri 20:00-22:00"));
  return rule;
}

const Flow flow = flow_of(Protocol::tcp, "192.0.2.1", "198.51.100.1:80");

std::vector<std::string> findings_of(const std::string& text) {
  const ConditionType& row = said("when", "mon").type();
  Settings settings("r", {"f", 1}, row.keys);
  settings.add("when", parse_value(row.keys.front(), text, {"f", 2}).value());
  Findings findings;
  static_cast<void>(row.parse(settings, findings));
  std::vector<std::string> out;
  for (const Diagnostic& finding : findings.take()) {
    out.push_back(finding.line());
  }
  return out;
}

TEST_CASE("a rule with windows matches while one is open, by the time it is fitted to") {
  CHECK(why_not(evening().fitted(at(monday(20))), flow, "").empty());
  CHECK(why_not(evening().fitted(at(monday(21, 59))), flow, "").empty());
  CHECK(why_not(evening().fitted(at(monday(22))), flow, "") ==
        "it is Mon 22:00, the rule holds mon-fri 20:00-22:00 (from 20:00)");
  // Windows that are fitted again are those of the later time.
  const RuleSettings closed = evening().fitted(at(monday(19)));
  CHECK_FALSE(why_not(closed, flow, "").empty());
  CHECK(why_not(closed.fitted(at(monday(20))), flow, "").empty());
}

TEST_CASE("a rule whose window is closed gives way to the rules behind it") {
  std::vector<RuleSettings> rules = rules_of({{}, {}});
  rules[0].set(said("when", "mon 20:00-22:00"));
  const auto found = [&](sys_seconds now) {
    std::vector<RuleSettings> here{rules[0].fitted(at(now)), rules[1].fitted(at(now))};
    return RuleSet::compile(here).match(flow, {});
  };
  CHECK(found(monday(21)) == std::optional<std::size_t>{0});
  CHECK(found(monday(23)) == std::optional<std::size_t>{1});
}

TEST_CASE("lines of windows add up, and what is wrong with one is said at its line") {
  CHECK(findings_of("mon-fri 20:00-07:00, sat, sun 9:00-12:00").empty());
  CHECK(findings_of("mon, mno").size() == 1);
  CHECK(findings_of("mon, mno").front().starts_with("f:2: error: 'when': 'mno'"));
  CHECK(
      findings_of("mon-sun") ==
      std::vector<std::string>{"f:2: warning: these windows are the whole week: leave 'when' out"});
}

TEST_CASE("windows end live flows where at-change says so, and keep saying it by another clock") {
  const auto closing = [](std::string_view at_change) {
    return said(RuleLines{{"when", "mon 20:00-22:00"}, {"at-change", at_change}});
  };
  CHECK(ends_flows(closing("close")));
  CHECK(ends_flows(closing("close").fitted(at(monday(20)))));
  CHECK(closing("close").fitted(at(monday(20))).clock_state() ==
        "matches now, until 22:00 (at-change = close)");
  CHECK_FALSE(ends_flows(closing("keep")));
  CHECK_FALSE(ends_flows(said("when", "mon 20:00-22:00")));
  CHECK_FALSE(ends_flows(rules_of({{}}).front().conditions.front()));
}

TEST_CASE("at-change is compared at a reload") {
  const auto closing = [](std::string_view at_change) {
    return said(RuleLines{{"when", "mon"}, {"at-change", at_change}});
  };
  CHECK(closing("close") == closing("close"));
  CHECK(closing("keep") == said("when", "mon"));
  CHECK_FALSE(closing("close") == closing("keep"));
}

TEST_CASE("a fitted window tells how it stands, and when that changes") {
  const auto fitted = [](sys_seconds now) { return evening().fitted(at(now)).conditions.back(); };
  CHECK(fitted(monday(20)).clock_state() == "matches now, until 22:00");
  CHECK(fitted(monday(20)).changes_at() == monday(22));
  CHECK(fitted(monday(12)).clock_state() == "from 20:00");
  CHECK(fitted(monday(12)).changes_at() == monday(20));
  CHECK(evening().conditions.back().clock_state().empty());
  CHECK_FALSE(evening().conditions.back().changes_at().has_value());
}

TEST_CASE("windows that were fitted to two times are equal while nothing has changed") {
  const auto fitted = [](sys_seconds now) { return evening().fitted(at(now)).conditions; };
  CHECK(fitted(monday(20)) == fitted(monday(21)));
  CHECK_FALSE(fitted(monday(20)) == fitted(monday(22)));
  CHECK_FALSE(fitted(monday(20)) == evening().conditions);
}

TEST_CASE("a rule is shadowed by an earlier one that holds whenever it does") {
  std::vector<RuleSettings> rules = rules_of({{}, {}});
  rules[0].set(said("when", "mon-fri"));
  rules[1].set(said("when", "tue 9:00-17:00"));
  CHECK(shadowed_rules(rules).size() == 1);
  rules[1].set(said("when", "sat"));
  CHECK(shadowed_rules(rules).empty());
  CHECK(shadowed_rules(std::vector{rules[0], rules_of({{}}).front()}).empty());
}

TEST_CASE("the firewall has a rule while its window is open, and its port all the time") {
  const auto narrowing = [](const RuleSettings& rule) {
    return firewall::narrowed(rule, FirewallSettings{}.max_set);
  };
  const auto open = narrowing(evening().fitted(at(monday(20))));
  CHECK(open.is_exact());
  CHECK(open.addresses(Family::v4).has_value());
  const auto closed = narrowing(evening().fitted(at(monday(22))));
  CHECK(closed.is_exact());
  CHECK_FALSE(closed.addresses(Family::v4).has_value());
  CHECK_FALSE(closed.addresses(Family::v6).has_value());
  CHECK_FALSE(closed.tcp().empty());
  CHECK_FALSE(narrowing(evening()).is_exact());
}

TEST_CASE("what a rule with a closed window would refuse goes on") {
  const auto ruleset = [](sys_seconds now) {
    Configuration configuration;
    configuration.rules = {evening().fitted(at(now))};
    const std::array handlings{Upstream::Handling{.offload = Upstream::Offload::reject}};
    return firewall::make_ruleset(configuration, handlings, {});
  };
  const auto end = [&](sys_seconds now) {
    const firewall::Packet packet{.source = flow.client,
                                  .destination = flow.destination,
                                  .opening = true,
                                  .in = "lan",
                                  .route_out = "wan"};
    return firewall::evaluate(firewall::make_plan(ruleset(now)), packet).end;
  };
  CHECK(end(monday(21)) == firewall::Outcome::End::refused);
  CHECK(end(monday(23)) == firewall::Outcome::End::passes);
  CHECK(ruleset(monday(21)).idle.empty());
  CHECK(ruleset(monday(23)).idle == std::vector<std::string>{"a"});
}

// Its two tables change one after the other, and a packet must not pass in between.
TEST_CASE("iptables' table filter has what refuses before a window opens") {
  const Plans closed(evening().fitted(at(monday(19))));
  CHECK(closed.end("192.0.2.7") == firewall::Outcome::End::passes);
  const auto lowered = firewall::for_iptables(closed.plan, Family::v4);
  CHECK(lowered.find("WEIR", "filter") != nullptr);
}

}  // namespace
}  // namespace weir
