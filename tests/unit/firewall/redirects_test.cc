#include "firewall/redirects.h"

#include "catch.h"
#include "firewall/counters.h"
#include "firewall/evaluate.h"
#include "firewall/lower.h"
#include "firewall/plan.h"
#include "firewall/print_iptables.h"
#include "firewall/print_nft.h"
#include "make.h"

namespace weir::firewall {

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

Ruleset one_rule(Offload offload = Offload::none, FirewallSettings settings = {}) {
  return ruleset_of({rule("web", {tcp(80)}, offload)}, settings);
}

// What becomes of a redirect that the router sends out there: the same by all three plans.
Outcome::End redirect(const Ruleset& ruleset, const std::string& out, Family family = Family::v4) {
  Packet packet;
  packet.protocol = Layer4::icmp;
  packet.redirect = true;
  packet.out = out;
  packet.source = Endpoint::parse(family == Family::v4 ? "192.0.2.1:1" : "[fe80::1]:1").value();
  packet.destination =
      Endpoint::parse(family == Family::v4 ? "192.0.2.2:1" : "[fe80::2]:1").value();
  const Plan plan = make_plan(ruleset);
  const Outcome outcome = evaluate(plan, packet);
  CHECK(evaluate(for_nft(plan), packet).end == outcome.end);
  CHECK(evaluate(for_iptables(plan, family), packet).end == outcome.end);
  if (outcome.end == Outcome::End::dropped) {
    CHECK(outcome.counters == std::vector<std::string>{std::string(redirect_counter)});
  }
  return outcome.end;
}

}  // namespace

TEST_CASE("redirects are dropped where clients are, and nowhere else") {
  FirewallSettings settings;
  settings.interfaces = {"lan", "ppp*"};
  settings.inbound = Inbound::named;
  const Ruleset named = one_rule(Offload::none, settings);
  Ruleset automatic = one_rule();
  automatic.outside = {"wan"};
  for (const Family family : {Family::v4, Family::v6}) {
    CHECK(redirect(named, "lan", family) == Outcome::End::dropped);
    CHECK(redirect(named, "ppp7", family) == Outcome::End::dropped);
    CHECK(redirect(named, "guest", family) == Outcome::End::passes);
    CHECK(redirect(automatic, "lan", family) == Outcome::End::dropped);
    CHECK(redirect(automatic, "wan", family) == Outcome::End::passes);
  }
  CHECK(has(render_nft(named), "oifname { \"lan\", \"ppp*\" } icmp type redirect counter name"));
  CHECK(has(render_nft(named), "oifname { \"lan\", \"ppp*\" } icmpv6 type nd-redirect"));
  const std::string v4 = render_iptables(named, Family::v4);
  CHECK(has(v4, "-A WEIR-REDIRECT -o \"lan\" -m comment --comment icmp-redirect -j DROP"));
  CHECK(has(v4, "-A WEIR-REDIRECT -o \"ppp+\" -m comment --comment icmp-redirect -j DROP"));
}

TEST_CASE("what is no redirect leaves towards clients as ever") {
  Packet packet;
  packet.protocol = Layer4::icmp;
  packet.out = "lan";
  packet.source = Endpoint::parse("192.0.2.1:1").value();
  packet.destination = Endpoint::parse("192.0.2.2:1").value();
  const Plan plan = make_plan(one_rule());
  CHECK(evaluate(plan, packet).end == Outcome::End::passes);
  CHECK(evaluate(for_iptables(plan, Family::v4), packet).end == Outcome::End::passes);
}

TEST_CASE("where auto leaves no interface for clients redirects are dropped on all") {
  Ruleset ruleset = one_rule();
  ruleset.outside = {"eth0"};
  ruleset.all_outside = true;
  CHECK(redirect(ruleset, "eth0") == Outcome::End::dropped);
}

TEST_CASE("rules that let everything pass leave redirects alone") {
  for (const Ruleset& ruleset :
       {one_rule(Offload::bypass), while_down(one_rule()), ruleset_of({})}) {
    CHECK(redirect(ruleset, "lan") == Outcome::End::passes);
    CHECK_FALSE(has(render_nft(ruleset), "redirect"));
    CHECK_FALSE(has(render_iptables(ruleset, Family::v4), "REDIRECT"));
  }
  CHECK(redirect(one_rule(Offload::reject), "lan") == Outcome::End::dropped);
  CHECK(redirect(while_draining(one_rule()), "lan") == Outcome::End::dropped);
}

TEST_CASE("what was dropped of them is read back") {
  const Ruleset ruleset = one_rule();
  auto counters = zero_counters(ruleset);
  add_counters_of_nft(counters, ruleset, {{"icmp-redirect", {.packets = 4, .bytes = 300}}});
  add_counters_of_iptables(counters, ruleset,
                           "[3:200] -A WEIR-REDIRECT -m comment --comment icmp-redirect -j DROP\n");
  CHECK(counters.back() ==
        RuleCounter{
            .name = "(redirects)", .row = 0, .verdict = Verdict::drop, .packets = 7, .bytes = 500});
}

}  // namespace weir::firewall
