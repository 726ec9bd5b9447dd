// Rules with `host` that the firewall decides for what clients have looked up: which they are,
// where their pairs are asked, what the rules say then, and what becomes of a packet.
#include "firewall/name_rules.h"

#include "catch.h"
#include "firewall/counters.h"
#include "firewall/evaluate.h"
#include "firewall/labels.h"
#include "firewall/lower.h"
#include "firewall/print_iptables.h"
#include "firewall/print_nft.h"
#include "firewall/replace_nft.h"
#include "firewall/ruleset_json.h"
#include "make.h"

namespace weir::firewall {
namespace {

using End = Outcome::End;

Made of_host(Made made, const std::string& hosts) {
  made.settings.set(said("host", hosts));
  return made;
}
Made names(std::string name, std::vector<PortRange> on, Offload offload, const std::string& hosts) {
  return of_host(rule(std::move(name), std::move(on), offload), hosts);
}

std::vector<std::string> order(const Ruleset& ruleset) {
  std::vector<std::string> out;
  for (const Decision& decision : ruleset.decisions) {
    out.push_back(decision.name + (decision.looked_up.empty() ? "" : " by name"));
  }
  return out;
}
using Order = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Packet packet(const std::string& destination, Port port, std::set<std::string> looked_up = {}) {
  const Address to = Address::parse(destination).value();
  const char* from = to.is_v4() ? "192.0.2.7" : "fd00::7";
  return {.protocol = Layer4::tcp,
          .source = {Address::parse(from).value(), 40'000},
          .destination = {to, port},
          .opening = true,
          .in = "lan",
          .looked_up = std::move(looked_up),
          .route_out = "wan"};
}

std::vector<std::string> whys(const std::vector<Made>& rules, FirewallSettings settings = {}) {
  std::vector<std::string> out;
  for (const auto& left : left_to_gateway(configuration_of(rules, std::move(settings)))) {
    out.push_back(left.text());
  }
  return out;
}

const Made ads = names("ads", {tcp(443)}, Offload::reject, "*.ads.example");
const Made bank = names("bank", {tcp(443)}, Offload::bypass, "bank.example");

}  // namespace

TEST_CASE("a host rule that bypasses, rejects or drops is asked for pairs, then for the rest") {
  for (const auto offload : {Offload::bypass, Offload::reject, Offload::drop}) {
    const Ruleset ruleset =
        ruleset_of({names("n", {tcp(443)}, offload, "a.example"), rule("web", {tcp(80)})}, {},
                   Offload::reject);
    CHECK(order(ruleset) == Order{"n by name", "n", "web", "(default)"});
    CHECK(ruleset.decisions[1].verdict == Verdict::intercept);
    REQUIRE(ruleset.name_rules.size() == 1);
    CHECK(ruleset.name_rules[0].set == ruleset.decisions[0].looked_up);
    CHECK(counter_name(ruleset.decisions[0]) == "rule-1-n-looked-up");
    CHECK(counter_name(ruleset.decisions[1]) == "rule-1-n");
  }
}

TEST_CASE("a host rule that the gateway carries has no pairs") {
  const Ruleset ruleset = ruleset_of({names("n", {tcp(443)}, Offload::none, "a.example")});
  CHECK(order(ruleset) == Order{"(default)"});
  CHECK(ruleset.name_rules.empty());
}

TEST_CASE(
    "pairs are asked before the first host rule of the same ports, and none of its names is in") {
  const Ruleset ruleset =
      ruleset_of({rule("lan", {tcp(443)}, Offload::bypass).client({"192.0.2.9"}),
                  names("proxy", {tcp(443)}, Offload::none, ".shop.example"),
                  names("mail", {tcp(25)}, Offload::none, "mail.example"), ads, bank});
  CHECK(order(ruleset) == Order{"lan", "ads by name", "bank by name", "(default)"});
  REQUIRE(ruleset.name_rules.size() == 2);
  CHECK(ruleset.name_rules[0].earlier.size() == 1);
  CHECK(ruleset.name_rules[1].earlier.size() == 2);
  CHECK(ruleset.name_rules[0].takes("x.ads.example"));
  CHECK_FALSE(ruleset.name_rules[0].takes("bank.example"));
  CHECK(ruleset.name_rules[1].takes("bank.example"));
  const Ruleset both = ruleset_of({names("proxy", {tcp(443)}, Offload::none, ".shop.example"),
                                   names("n", {tcp(443)}, Offload::bypass, "*.example")});
  REQUIRE(both.name_rules.size() == 1);
  CHECK(both.name_rules[0].takes("a.example"));
  CHECK_FALSE(both.name_rules[0].takes("shop.example"));
}

TEST_CASE("where a rule of another kind stands between, the gateway decides and says why") {
  const std::vector<Made> rules = {names("proxy", {tcp(443)}, Offload::none, ".shop.example"),
                                   rule("tv", {tcp(443)}, Offload::reject).client({"192.0.2.9"}),
                                   bank};
  CHECK(order(ruleset_of(rules)) == Order{"proxy", "tv", "(default)"});
  CHECK(whys(rules)[2] ==
        "the gateway decides it, for [rule tv] stands between it and [rule proxy], which the "
        "gateway has to ask first");
  // On other ports it is in no way.
  std::vector<Made> apart = rules;
  apart[1].settings.set(on({tcp(80)}));
  CHECK(order(ruleset_of(apart)).front() == "bank by name");
}

TEST_CASE("after a rule that the gateway decides for another reason, it decides the names, too") {
  FirewallSettings settings;
  settings.max_set = 1;
  const std::vector<Made> rules = {
      rule("long", {tcp(443)}, Offload::reject).destination({"192.0.2.1", "192.0.2.3"}), bank};
  CHECK(order(ruleset_of(rules, settings)) == Order{"(default)"});
  CHECK(whys(rules, settings)[1] == "the gateway decides it, for it has to ask [rule long] first");
}

TEST_CASE("a host rule with a list that is too long has no pairs") {
  FirewallSettings settings;
  settings.max_set = 1;
  const std::vector<Made> rules = {Made(bank).destination({"192.0.2.1", "192.0.2.3"})};
  CHECK(order(ruleset_of(rules, settings)) == Order{"(default)"});
  CHECK(whys(rules, settings)[0] == "the gateway decides it, for packets do not show 'host'");
}

TEST_CASE("a rule for flows without a name has no pairs, and keeps none from others") {
  const std::vector<Made> rules = {names("silent", {tcp(443)}, Offload::reject, "none"), bank};
  CHECK(order(ruleset_of(rules)) == Order{"bank by name", "(default)"});
  CHECK(ruleset_of(rules).name_rules[0].takes("bank.example"));
}

TEST_CASE("who decides a host rule is said, and of others what was said before") {
  const auto said = whys({ads, rule("web", {tcp(443)})});
  CHECK(
      said[0] ==
      "the gateway decides it, for packets do not show 'host'; under 'run --firewall' nft decides "
      "it for addresses that the client has looked up through weir");
  CHECK(said[1].empty());
}

TEST_CASE("a set is another one where its conditions say another thing, and else the same") {
  const auto set_of = [](const std::vector<Made>& rules) {
    return ruleset_of(rules).name_rules.back().set;
  };
  CHECK(set_of({bank}).size() == 16);
  CHECK(set_of({bank}) == set_of({rule("web", {tcp(80)}), bank}));
  CHECK(set_of({bank}) != set_of({ads}));
  CHECK(set_of({bank}) != set_of({ads, bank}));
  Made not_it = bank;
  not_it.settings.set(said("host", "!bank.example"));
  CHECK(set_of({bank}) != set_of({not_it}));
  CHECK(name_set("0123456789abcdef", Family::v6) == "names-6-0123456789abcdef");
}

TEST_CASE("nft has a set of pairs for each family, and asks it in the rule's place") {
  const Ruleset ruleset = ruleset_of({Made(ads).interface("lan"), rule("web", {tcp(443)})});
  const std::string set = ruleset.name_rules[0].set;
  const std::string text = render_nft(ruleset);
  CHECK(has(text, "\tset names-4-" + set +
                      " {\n\t\ttype ipv4_addr . ipv4_addr\n\t\tflags timeout\n\t}\n"));
  CHECK(has(text, "\tset names-6-" + set +
                      " {\n\t\ttype ipv6_addr . ipv6_addr\n\t\tflags timeout\n\t}\n"));
  CHECK(has(text, "iifname \"lan\" tcp dport 443 ip saddr . ip daddr @names-4-" + set +
                      " counter name \"rule-1-ads-looked-up\" goto refuse\n"));
  CHECK(has(text, "tcp dport 443 ip6 saddr . ip6 daddr @names-6-" + set + " "));
  CHECK(name_sets_of(for_nft(make_plan(ruleset))).size() == 2);
  CHECK(has(ruleset_json(ruleset), set));
}

TEST_CASE("pairs of one family stand beside addresses of that family alone") {
  const Ruleset ruleset =
      ruleset_of({Made(ads).client({"192.0.2.0/24", "fd00::/8"}).destination({"!198.51.100.1"})});
  const std::string set = ruleset.name_rules[0].set;
  const std::string text = render_nft(ruleset);
  CHECK(has(text, "ip saddr 192.0.2.0/24 ip daddr != 198.51.100.1 ip saddr . ip daddr @names-4-" +
                      set + " "));
  CHECK(has(text, "ip6 saddr fd00::/8 ip6 saddr . ip6 daddr @names-6-" + set + " "));
  CHECK_FALSE(has(text, "ip6 saddr fd00::/8 ip saddr"));
  const std::string v4 = render_nft(ruleset_of({Made(ads).client({"192.0.2.0/24"})}));
  CHECK_FALSE(has(v4, "names-6"));
}

TEST_CASE("iptables has no pairs, and hands every flow of such a rule to the gateway") {
  const std::vector<Made> rules = {rule("web", {tcp(80)}), ads};
  std::vector<Made> carried = rules;
  carried[1].handling.offload = Offload::none;
  for (const Family family : {Family::v4, Family::v6}) {
    const std::string text = render_iptables(ruleset_of(rules), family);
    CHECK_FALSE(has(text, "looked-up"));
    const Plan plan = for_iptables(make_plan(ruleset_of(rules)), family);
    const char* to = family == Family::v4 ? "203.0.113.1" : "2001:db8::1";
    CHECK(evaluate(plan, packet(to, 443, {ruleset_of(rules).name_rules[0].set})).end ==
          End::to_listener);
  }
}

TEST_CASE("what pairs decide is counted apart, and not with iptables") {
  const Ruleset ruleset = ruleset_of({ads, rule("web", {tcp(80)})});
  auto counters = zero_counters(ruleset);
  REQUIRE(counters.size() == 3);  // with redirects
  CHECK(counters[0].verdict == Verdict::reject);
  leave_out_pairs(counters, ruleset);
  REQUIRE(counters.size() == 2);
  CHECK(counters[0].verdict == Verdict::intercept);
}

TEST_CASE("a packet of a pair gets the rule's verdict, and one of no pair goes to the gateway") {
  const Ruleset ruleset = ruleset_of({names("proxy", {tcp(443)}, Offload::none, ".shop.example"),
                                      ads, bank, rule("web", {tcp(80)})});
  const std::string of_ads = ruleset.name_rules[0].set;
  const std::string of_bank = ruleset.name_rules[1].set;
  for (const Plan& plan : {make_plan(ruleset), for_nft(make_plan(ruleset))}) {
    for (const char* to : {"203.0.113.1", "2001:db8::1"}) {
      CHECK(evaluate(plan, packet(to, 443)).end == End::to_listener);
      const Outcome refused = evaluate(plan, packet(to, 443, {of_ads}));
      CHECK(refused.end == End::refused);
      CHECK(refused.counters == std::vector<std::string>{"rule-2-ads-looked-up"});
      CHECK(evaluate(plan, packet(to, 443, {of_bank})).end == End::passes);
      CHECK(evaluate(plan, packet(to, 80, {of_ads})).end == End::to_listener);
    }
  }
}

TEST_CASE("what a name has let pass goes on when the pair is gone") {
  const auto later = [](const Ruleset& ruleset, Layer4 protocol) {
    const Plan plan = for_nft(make_plan(ruleset));
    Packet first = packet("203.0.113.1", 443, {ruleset.name_rules[0].set});
    first.protocol = protocol;
    first.opening = protocol == Layer4::tcp;
    const Outcome passed = evaluate(plan, first);
    CHECK(passed.end == End::passes);
    Packet next = passed.packet;
    next.opening = false;
    next.tracking->confirmed = true;
    next.looked_up.clear();
    return evaluate(plan, next).end;
  };
  const auto quic = names("quic", {udp(443)}, Offload::bypass, "bank.example");
  CHECK(later(ruleset_of({quic}), Layer4::udp) == End::passes);
  FirewallSettings closed;
  closed.on_failure = OnFailure::closed;
  CHECK(later(ruleset_of({bank}, closed), Layer4::tcp) == End::passes);
  CHECK(later(ruleset_of({bank}), Layer4::tcp) == End::passes);
  // Where only the first packet of a connection is looked at, no label is needed.
  const std::string label = "ct label set " + std::to_string(label::passed_by_name);
  CHECK(has(render_nft(ruleset_of({quic})), label));
  CHECK_FALSE(has(render_nft(ruleset_of({bank})), label));
}

TEST_CASE("rules without a host have no sets of pairs") {
  const std::string text = render_nft(ruleset_of({rule("web", {tcp(80)}, Offload::reject)}));
  CHECK_FALSE(has(text, "set names-"));
}

TEST_CASE("a replacement leaves the sets of pairs that its rules ask, and takes away others") {
  const Plan plan = for_nft(make_plan(ruleset_of({ads})));
  const std::string own = *name_sets_of(plan).begin();
  const std::string listing =
      "table inet weir {\n\tset " + own +
      " {\n\t\ttype ipv4_addr . ipv4_addr\n\t\tflags timeout\n"
      "\t}\n\n\tset names-4-0000000000000000 {\n\t\ttype ipv4_addr . ipv4_addr\n\t}\n\n"
      "\tchain decide {\n\t}\n}\n";
  const auto steps = replace_nft(plan, listing);
  REQUIRE(steps.size() == 3);
  CHECK(has(steps[0], "\tset " + own + " {"));
  CHECK_FALSE(has(steps[1], "set names"));
  CHECK(has(steps[2], "delete set inet weir names-4-0000000000000000\n"));
  CHECK_FALSE(has(steps[2], own));
  CHECK_FALSE(has(remake_nft(plan, listing), "delete set inet weir " + own));
}

}  // namespace weir::firewall
