#include "firewall/ruleset.h"

#include "catch.h"
#include "firewall/ruleset_json.h"
#include "make.h"

namespace weir::firewall {

namespace {

std::vector<std::string> names(const Ruleset& ruleset) {
  std::vector<std::string> all;
  for (const Decision& decision : ruleset.decisions) all.push_back(decision.name);
  return all;
}

using Names = std::vector<std::string>;
using Ranges = std::vector<Ports::Range>;

std::vector<std::string> texts(const std::vector<Prefix>& prefixes) {
  std::vector<std::string> all;
  for (const Prefix& each : prefixes) all.push_back(each.address.text());
  return all;
}

}  // namespace

TEST_CASE("decisions keep the configuration's order and end in the default") {
  const Ruleset ruleset =
      ruleset_of({rule("a", {tcp(80)}).client({"192.0.2.1"}), rule("b", {tcp(80)}, Offload::bypass),
                  rule("c", {tcp(443)}, Offload::reject)});
  CHECK(names(ruleset) == Names{"a", "b", "c", "(default)"});
  CHECK(ruleset.decisions[0].verdict == Verdict::intercept);
  CHECK(ruleset.decisions[1].verdict == Verdict::bypass);
  CHECK(ruleset.decisions[2].verdict == Verdict::reject);
  CHECK(ruleset.decisions[3].verdict == Verdict::intercept);
}

TEST_CASE("rules at the end that go to the gateway are left to the default, which goes there too") {
  const Ruleset ruleset =
      ruleset_of({rule("a", {tcp(80)}, Offload::drop), rule("b", {tcp(81)}), rule("c", {udp(53)})});
  CHECK(names(ruleset) == Names{"a", "(default)"});
  CHECK(ruleset.tcp.ranges == Ranges{{80, 81}});
  CHECK(ruleset.udp.ranges == Ranges{{53, 53}});
}

TEST_CASE("a rule at the end is left to the default only where both need a route or neither does") {
  const Upstream::Handling straight{.leads = Leads::to_destination};
  const auto rules = [](Leads leads) {
    return std::vector{rule("a", {tcp(80)}, Offload::drop), rule("b", {tcp(81)}).leads(leads)};
  };
  CHECK(names(ruleset_of(rules(Leads::to_destination), {}, straight)) == Names{"a", "(default)"});
  CHECK(names(ruleset_of(rules(Leads::elsewhere), {}, straight)) == Names{"a", "b", "(default)"});
  CHECK(names(ruleset_of(rules(Leads::perhaps))) == Names{"a", "(default)"});
}

TEST_CASE("only what goes to its own destination needs a route, while a gateway serves") {
  const auto ruleset = ruleset_of({rule("a", {tcp(80)}).leads(Leads::to_destination)});
  CHECK(ruleset.needs_route(ruleset.decisions[0]));
  CHECK_FALSE(ruleset.needs_route(ruleset.decisions[1]));
  CHECK(ruleset.needs_routes());
  CHECK_FALSE(while_draining(ruleset).needs_routes());
  CHECK_FALSE(while_down(ruleset).needs_routes());
}

TEST_CASE("with a default that the firewall decides, every rule before it stands") {
  const Ruleset ruleset =
      ruleset_of({rule("a", {tcp(80)}), rule("b", {tcp(81)})}, {}, {.offload = Offload::bypass});
  CHECK(names(ruleset) == Names{"a", "b", "(default)"});
  CHECK(ruleset.decisions.back().verdict == Verdict::bypass);
}

TEST_CASE(
    "on ports that only the firewall decides the rest passes, unless the file sets a default") {
  const std::vector<Made> rules = {
      rule("web", {tcp(80)}),
      rule("tv", {tcp(1, 65535), udp(1, 65535)}, Offload::bypass).client({"192.0.2.7"}),
      rule("no", {udp(443)}, Offload::reject).client({"192.0.2.8"})};
  const Ruleset ruleset = ruleset_of(rules);
  CHECK(ruleset.tcp.all());
  const Decision& last = ruleset.decisions.back();
  CHECK(last.name == "(default)");
  CHECK(last.verdict == Verdict::intercept);
  CHECK(last.tcp.ranges == Ranges{{80, 80}});
  CHECK(last.udp.empty());
  CHECK_FALSE(ruleset.is_for_all(last));

  const Ruleset given = ruleset_of(rules, {}, Offload::none);
  CHECK(given.is_for_all(given.decisions.back()));
  CHECK(given.decisions.back().verdict == Verdict::intercept);
}

TEST_CASE("where no rule goes to the gateway, nothing does") {
  const Ruleset ruleset =
      ruleset_of({rule("no", {tcp(25)}, Offload::reject).client({"192.0.2.8"})});
  CHECK(names(ruleset) == Names{"no", "(default)"});
  CHECK(ruleset.decisions.back().verdict == Verdict::bypass);
  CHECK(ruleset.is_for_all(ruleset.decisions.back()));
  CHECK_FALSE(ruleset.has(Verdict::intercept));
  CHECK(ruleset_of({rule("no", {tcp(25)}, Offload::reject)}, {}, Offload::none)
            .has(Verdict::intercept));
}

TEST_CASE("without rules nothing is decided") {
  const Ruleset ruleset = ruleset_of({});
  CHECK(ruleset.decisions.empty());
  CHECK_FALSE(ruleset.has(Verdict::intercept));
}

TEST_CASE("answers are harmed by what looks at every packet, not by what looks for the first") {
  const auto harms = [](Offload offload, OnFailure on_failure, Protocol protocol) {
    FirewallSettings settings;
    settings.on_failure = on_failure;
    return ruleset_of({rule("a", {tcp(80), udp(80)}, offload)}, settings, {.offload = offload})
        .harms_answers(protocol);
  };
  for (const OnFailure on_failure : {OnFailure::open, OnFailure::closed}) {
    for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
      CHECK(harms(Offload::reject, on_failure, protocol));
      CHECK(harms(Offload::drop, on_failure, protocol));
      CHECK_FALSE(harms(Offload::bypass, on_failure, protocol));
    }
    CHECK(harms(Offload::none, on_failure, Protocol::udp));
    CHECK(harms(Offload::none, on_failure, Protocol::tcp) == (on_failure == OnFailure::closed));
  }
  CHECK_FALSE(ruleset_of({rule("a", {tcp(80)}, Offload::drop)}).harms_answers(Protocol::udp));
  CHECK_FALSE(ruleset_of({}).harms_answers(Protocol::udp));
}

TEST_CASE("port ranges that overlap or touch are joined") {
  const Ruleset ruleset = ruleset_of({rule("a", {tcp(90), tcp(80, 85), tcp(84, 89), tcp(1000)}),
                                      rule("b", {tcp(85, 95)}, Offload::drop)});
  CHECK(ruleset.tcp.ranges == Ranges{{80, 95}, {1000, 1000}});
  CHECK(ruleset.decisions[0].tcp.ranges == Ranges{{80, 90}, {1000, 1000}});
  CHECK(ruleset_of({rule("a", {tcp(1, 65535)})}).tcp.all());
  CHECK(ruleset_of({rule("a", {tcp(0, 65535)})}).tcp.all());
  CHECK(ruleset_of({rule("a", {tcp(65535), tcp(65534)})}).tcp.ranges == Ranges{{65534, 65535}});
}

TEST_CASE("a list of one family leaves nothing of the other to match") {
  const Ruleset ruleset = ruleset_of({rule("a", {tcp(80)}, Offload::drop).client({"192.0.2.0/24"}),
                                      rule("b", {tcp(80)}, Offload::drop).client({"fd00::/8"})});
  CHECK(ruleset.decisions[0].v4);
  CHECK_FALSE(ruleset.decisions[0].v6);
  CHECK_FALSE(ruleset.decisions[1].v4);
  CHECK(ruleset.decisions[1].v6);
}

TEST_CASE("a negated list of one family lets all of the other match") {
  const Ruleset ruleset =
      ruleset_of({rule("a", {tcp(80)}, Offload::drop).client({"!192.0.2.0/24"})});
  REQUIRE(ruleset.decisions[0].v6);
  CHECK(ruleset.decisions[0].v6->any());
  CHECK(texts(ruleset.decisions[0].v4->not_client) == Names{"192.0.2.0"});
}

TEST_CASE("a rule whose ends are of different families matches nothing") {
  const Ruleset ruleset = ruleset_of(
      {rule("a", {tcp(80)}, Offload::drop).client({"192.0.2.0/24"}).destination({"fd00::/8"})});
  CHECK(names(ruleset) == Names{"(default)"});
  CHECK(ruleset.tcp.ranges == Ranges{{80, 80}});
}

TEST_CASE("prefixes within others are left out, and so are those that an exception covers") {
  const Ruleset ruleset =
      ruleset_of({rule("a", {tcp(80)}, Offload::drop)
                      .client({"192.0.2.128/25", "192.0.2.0/24", "198.51.100.7", "203.0.113.1",
                               "!198.51.100.0/24", "!192.0.2.9"})});
  const Addresses& v4 = *ruleset.decisions[0].v4;
  CHECK(texts(v4.client) == Names{"192.0.2.0", "203.0.113.1"});
  CHECK(texts(v4.not_client) == Names{"192.0.2.9", "198.51.100.0"});
}

TEST_CASE("a list whose every prefix is excepted matches nothing") {
  const Ruleset ruleset =
      ruleset_of({rule("a", {tcp(80)}, Offload::drop).client({"192.0.2.7", "!192.0.2.0/24"})});
  CHECK(names(ruleset) == Names{"(default)"});
}

TEST_CASE("everything in a list is no condition, everything excepted matches nothing") {
  const Ruleset ruleset = ruleset_of({rule("a", {tcp(80)}, Offload::drop).client({"0.0.0.0/0"}),
                                      rule("b", {tcp(80)}, Offload::drop).client({"!::/0"})});
  REQUIRE(ruleset.decisions[0].v4);
  CHECK(ruleset.decisions[0].v4->any());
  CHECK_FALSE(ruleset.decisions[0].v6);
  CHECK(ruleset.decisions[1].v4);
  CHECK_FALSE(ruleset.decisions[1].v6);
}

TEST_CASE("ports that may have to be refused are those of rejects, and with closed of intercepts") {
  const std::vector<Made> rules = {rule("a", {udp(53)}, Offload::reject), rule("b", {udp(443)})};
  CHECK(ruleset_of(rules).refused_udp().ranges == Ranges{{53, 53}});
  CHECK_FALSE(ruleset_of(rules).refuses_tcp());
  FirewallSettings closed;
  closed.on_failure = OnFailure::closed;
  CHECK(ruleset_of(rules, closed).refused_udp().ranges == Ranges{{53, 53}, {443, 443}});
}

TEST_CASE("a counter's name is made of letters that every tool takes, and is unique") {
  const Ruleset ruleset = ruleset_of(
      {rule("a b\"ü", {tcp(80)}, Offload::drop), rule("a b'ü", {tcp(80)}, Offload::drop)});
  CHECK(counter_name(ruleset.decisions[0]) == "rule-1-a_b___");
  CHECK(counter_name(ruleset.decisions[1]) == "rule-2-a_b___");
  CHECK(counter_name(ruleset.decisions[2]) == "default");
}

TEST_CASE("as JSON a ruleset shows what is decided, and null where a family cannot match") {
  Ruleset ruleset =
      ruleset_of({rule("a", {tcp(80, 85), udp(53)}, Offload::drop).client({"192.0.2.1"})});
  ruleset.file = "weir.ini";
  CHECK(ruleset_json(ruleset) ==
        R"({"file":"weir.ini","port":50080,"mark":{"value":1,"mask":1},"table":100,)"
        R"("bypass_mark":{"value":2,"mask":2},"inbound":"auto","interfaces":[],"outside":[],)"
        R"("towards":[],"exclude":[],"local":false,)"
        R"("local_services":false,"on_failure":"open","tcp":["80-85"],"udp":["53"],"decisions":[)"
        R"({"rule":"a","verdict":"drop","counter":"rule-1-a","tcp":["80-85"],"udp":["53"],)"
        R"("interfaces":[],"ipv4":{"client":["192.0.2.1"]},"ipv6":null},)"
        R"j({"rule":"(default)","verdict":"bypass","counter":"default","tcp":["80-85"],)j"
        R"("udp":["53"],"interfaces":[],"ipv4":{},"ipv6":{}}]})");
}

}  // namespace weir::firewall
