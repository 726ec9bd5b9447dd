#include "doctor/evasions.h"

#include "catch.h"
#include "rule_conditions.h"

namespace weir::doctor {

namespace {

using Lines = std::vector<std::string>;

// Three rules: two by themselves, and one left to the default with what follows it.
struct Router {
  Configuration configuration;
  firewall::Ruleset ruleset;

  Router() {
    add("web", {{Protocol::tcp, 80, 80}});
    add("mail", {{Protocol::tcp, 25, 25}});
    add("dns", {{Protocol::udp, 53, 53}, {Protocol::udp, 54, 54}});
    decide(1, "web");
    decide(2, "mail");
    decide(0, "(default)");
  }
  void add(const std::string& name, std::vector<PortRange> on) {
    RuleSettings rule;
    rule.name = name;
    rule.set(weir::on(std::move(on)));
    configuration.rules.push_back(std::move(rule));
  }
  void decide(std::size_t row, const std::string& name) {
    firewall::Decision decision;
    decision.row = row;
    decision.name = name;
    ruleset.decisions.push_back(std::move(decision));
  }
  [[nodiscard]] Subject subject() const {
    return {.configuration = configuration, .ruleset = ruleset, .upstreams = {}, .running = {}};
  }
};

Probe probe(Protocol protocol, Port first, Port last, const std::string& outbound,
            const std::string& destination) {
  Probe probe;
  probe.protocol = protocol;
  probe.first = first;
  probe.last = last;
  probe.inbound = "guest";
  probe.outbound = outbound;
  probe.client = Prefix::parse("192.0.2.0/24").value();
  probe.destination = Prefix::parse(destination).value();
  probe.own = {Address::parse("192.0.2.1").value()};
  return probe;
}

// By the default route to wan, and to two other networks.
std::vector<Probe> everywhere(Protocol protocol, Port first, Port last) {
  return {probe(protocol, first, last, "wan", "0.0.0.0/0"),
          probe(protocol, first, last, "lan", "198.51.100.0/24"),
          probe(protocol, first, last, "dmz", "203.0.113.0/24")};
}

// "RULE: TEXT | FIX" of what iptables' FORWARD makes of it.
Lines evaded(const Router& router, const std::string& rules, const std::string& policy = "ACCEPT") {
  const std::vector<Filter> filters{filter_of_iptables(
      "iptables", Family::v4, "*filter\n:FORWARD " + policy + " [0:0]\n" + rules + "COMMIT\n")};
  const Subject subject = router.subject();
  const auto& decisions = subject.ruleset.decisions;
  Lines out;
  for (const Evasion& one : evasions_among(subject, filters,
                                           {{&decisions[0], everywhere(Protocol::tcp, 80, 80)},
                                            {&decisions[1], everywhere(Protocol::tcp, 25, 25)},
                                            {&decisions[2], everywhere(Protocol::udp, 53, 54)}})) {
    out.push_back((one.rule == nullptr ? "-" : one.rule->name) + ": " + one.text + " | " + one.fix);
  }
  return out;
}

}  // namespace

TEST_CASE("a network that forward rules close is left to them by `towards`") {
  const std::string rule = "-A FORWARD -i guest -o lan -p tcp -m tcp --dport 80 -j REJECT\n";
  CHECK(
      evaded({}, rule) ==
      Lines{"web: [rule web] carries tcp/80 from guest to lan past the forward rules: one of them "
            "would refuse it (iptables FORWARD: '-A FORWARD -i guest -o lan -p tcp -m tcp --dport "
            "80 -j REJECT') | set in [firewall]: towards = dmz, wan"});
  CHECK(evaded({}, "").empty());
  CHECK(evaded({}, "-A FORWARD -i lan -o guest -j DROP\n").empty());
}

TEST_CASE("one line of `towards` is for all networks that are closed") {
  const auto said = evaded({},
                           "-A FORWARD -o lan -p tcp -m tcp --dport 80 -j DROP\n"
                           "-A FORWARD -o dmz -p tcp -m tcp --dport 25 -j DROP\n");
  REQUIRE(said.size() == 2);
  CHECK(said[0].starts_with("web: "));
  CHECK(said[1].starts_with("mail: "));
  for (const std::string& line : said) {
    CHECK(line.ends_with("| set in [firewall]: towards = wan"));
  }
}

TEST_CASE("what is refused on the way outside wants a rule of weir's") {
  CHECK(evaded({}, "-A FORWARD -p tcp -m tcp --dport 25 -s 192.0.2.66/32 -j DROP\n") ==
        Lines{"mail: [rule mail] carries tcp/25 from guest to dmz, guest to lan, guest to wan past "
              "the forward rules: one of them would refuse a part of it (iptables FORWARD: '-A "
              "FORWARD -p tcp -m tcp --dport 25 -s 192.0.2.66/32 -j DROP') | put above [rule mail] "
              "a rule with the conditions of that one: on = tcp/25, use = bypass"});
}

TEST_CASE("a policy is said as one, for each rule of weir's") {
  const auto said = evaded({}, "", "DROP");
  REQUIRE(said.size() == 3);
  CHECK(said[0].find("(iptables FORWARD has the policy drop)") != std::string::npos);
}

TEST_CASE("a rule that the firewall leaves to the default is named, and no other") {
  Router router;
  const std::string refuses = "-A FORWARD -o lan -p udp -m udp --dport 53 -j DROP\n";
  const auto by_rule = evaded(router, refuses);
  REQUIRE(by_rule.size() == 1);
  CHECK(by_rule[0].starts_with("dns: [rule dns] carries udp/53-54 from guest to lan"));
  router.ruleset.decisions[0].row = 3;  // decided by itself
  const auto by_default = evaded(router, refuses);
  REQUIRE(by_default.size() == 1);
  CHECK(by_default[0].starts_with("-: the default carries udp/53-54"));
}

}  // namespace weir::doctor
