// What a plan means, however it is written: 100,000 packets under arbitrary rulesets meet the same
// end as planned, as nft has it and as iptables has it, and the one that the gateway would find.
// The seed is fixed; WEIR_SEED in the environment takes another one.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "arbitrary.h"
#include "catch.h"
#include "firewall/evaluate.h"
#include "firewall/labels.h"
#include "firewall/lower.h"
#include "packets.h"
#include "rules/rule_set.h"

namespace weir::firewall {

namespace {

std::uint32_t seed() {
  const char* given = getenv("WEIR_SEED");
  return given == nullptr ? 20'261'127 : static_cast<std::uint32_t>(std::atoi(given));
}

constexpr int rulesets = 2'000;
constexpr int packets_each = 50;

bool is_same(const Outcome& a, const Outcome& b) {
  const auto has = [](const Outcome& outcome, int label) {
    return outcome.packet.tracking && outcome.packet.tracking->labels.contains(label);
  };
  return a.end == b.end && a.counters == b.counters &&
         has(a, label::carried) == has(b, label::carried) &&
         has(a, label::passing) == has(b, label::passing);
}

// One of the states that a gateway's rules are made for.
Ruleset at_some_time(Arbitrary& arbitrary, const Ruleset& ruleset) {
  switch (arbitrary.below(4)) {
    case 0:
      return ruleset.on_failure == OnFailure::open ? while_draining(ruleset) : ruleset;
    case 1:
      return while_down(ruleset);
    default:
      return ruleset;
  }
}

Outcome::End end_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::bypass:
      return Outcome::End::passes;
    case Verdict::reject:
      return Outcome::End::refused;
    case Verdict::drop:
      return Outcome::End::dropped;
    case Verdict::intercept:
      break;
  }
  return Outcome::End::to_listener;
}

bool names(const std::vector<PortRange>& on, const Packet& packet) {
  const Protocol protocol = packet.protocol == Layer4::tcp ? Protocol::tcp : Protocol::udp;
  return std::any_of(on.begin(), on.end(), [&](const PortRange& range) {
    return range.protocol == protocol && range.first <= packet.destination.port &&
           packet.destination.port <= range.last;
  });
}

Verdict verdict_of(Upstream::Offload offload) {
  switch (offload) {
    case Offload::bypass:
      return Verdict::bypass;
    case Offload::reject:
      return Verdict::reject;
    case Offload::drop:
      return Verdict::drop;
    case Offload::none:
      break;
  }
  return Verdict::intercept;
}

// What the rules say of a client's new flow, by the matcher that the gateway has.
Outcome::End expected(const Arbitrary::Configured& made, const Packet& packet) {
  const auto& rules = made.configuration.rules;
  const RuleSet matcher = RuleSet::compile(rules);
  const Flow flow{.protocol = packet.protocol == Layer4::tcp ? Protocol::tcp : Protocol::udp,
                  .client = packet.source,
                  .destination = packet.destination,
                  .interface = 1};
  const auto found = matcher.match(flow, [&](std::uint32_t /*number*/) { return packet.in; });
  if (found) {
    return end_of(verdict_of(made.handlings[*found].offload));
  }
  const bool is_named = std::any_of(rules.begin(), rules.end(),
                                    [&](const auto& rule) { return names(rule.on(), packet); });
  if (!is_named) {
    return Outcome::End::passes;
  }
  if (made.configuration.gateway.default_given) {
    return end_of(verdict_of(made.otherwise.offload));
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (made.handlings[i].offload == Offload::none && names(rules[i].on(), packet)) {
      return Outcome::End::to_listener;
    }
  }
  return Outcome::End::passes;
}

}  // namespace

TEST_CASE("a plan means the same as planned, in nft's steps and in iptables' steps") {
  INFO("WEIR_SEED=" << seed());
  Arbitrary arbitrary(seed());
  std::vector<int> ends(6);
  int different = 0;
  for (int i = 0; i < rulesets && different == 0; ++i) {
    const Ruleset ruleset = at_some_time(arbitrary, arbitrary.configured().ruleset);
    const Plan plan = make_plan(ruleset);
    const Plan nft = for_nft(plan);
    const Plan iptables[] = {for_iptables(plan, Family::v4), for_iptables(plan, Family::v6)};
    for (int j = 0; j < packets_each; ++j) {
      const Packet packet = arbitrary_packet(arbitrary, ruleset);
      const Outcome planned = evaluate(plan, packet);
      const Outcome by_nft = evaluate(nft, packet);
      const Outcome by_iptables =
          evaluate(iptables[packet.destination.family() == Family::v4 ? 0 : 1], packet);
      ++ends[static_cast<std::size_t>(planned.end)];
      if (!is_same(planned, by_nft) || !is_same(planned, by_iptables)) {
        ++different;
        FAIL_CHECK("ruleset " << i << ", packet " << j << ": " << text_of(packet)
                              << "\nplanned: " << text_of(planned) << "\nnft: " << text_of(by_nft)
                              << "\niptables: " << text_of(by_iptables));
        break;
      }
    }
  }
  for (const int each : ends) {
    CHECK(each > 100);  // none of the ends is left out
  }
}

TEST_CASE("a client's new flow meets the end that the first matching rule says") {
  INFO("WEIR_SEED=" << seed());
  Arbitrary arbitrary(seed() + 1);
  std::vector<int> ends(6);
  int different = 0;
  for (int i = 0; i < rulesets && different == 0; ++i) {
    Arbitrary::Configured made = arbitrary.configured();
    made.ruleset.towards.clear();
    made.ruleset.exclude_v4.clear();
    made.ruleset.exclude_v6.clear();
    made.ruleset.by_routes = {};
    made.ruleset.outside.clear();
    const Plan plan = make_plan(made.ruleset);
    for (int j = 0; j < packets_each; ++j) {
      const Packet packet = arbitrary_opening(arbitrary);
      const Outcome outcome = evaluate(plan, packet);
      ++ends[static_cast<std::size_t>(outcome.end)];
      if (outcome.end != expected(made, packet)) {
        ++different;
        FAIL_CHECK("ruleset " << i << ", packet " << j << ": " << text_of(packet) << "\n"
                              << text_of(outcome) << ", but the rules say "
                              << name_of(expected(made, packet)));
        break;
      }
    }
  }
  for (const auto end : {Outcome::End::passes, Outcome::End::to_listener, Outcome::End::refused,
                         Outcome::End::dropped}) {
    CHECK(ends[static_cast<std::size_t>(end)] > 100);
  }
}

}  // namespace weir::firewall
