// Five answers to one question, over arbitrary rules and 20,000 flows: what an evaluator says that
// is written down here as simply as can be, what the compiled rules say, and what becomes of the
// flow's first packet under the plan, under nft's steps and under iptables' steps. Some rules have
// conditions that a packet filter checks by words of their own, and some that no packet shows.
// The seed is fixed; WEIR_SEED in the environment takes another one.
#include <array>
#include <cstdlib>

#include "arbitrary.h"
#include "catch.h"
#include "firewall/evaluate.h"
#include "firewall/lower.h"
#include "packets.h"
#include "rules/conditions/condition.h"
#include "rules/rule_set.h"

namespace weir::firewall {
namespace {

constexpr int rulesets = 1'000;
constexpr int flows_each = 20;

std::uint32_t seed() {
  const char* given = getenv("WEIR_SEED");
  return given == nullptr ? 20'261'128 : static_cast<std::uint32_t>(std::atoi(given));
}

// The client's port is even or odd; a packet filter checks it by words of its own, or not at all.
template <bool has_words>
struct Parity {
  using Parsed = int;
  static constexpr std::array keys{Key{.name = has_words ? "parity" : "secret-parity"}};
  static std::optional<Parsed> parse(const Settings& /*settings*/, Findings& /*findings*/) {
    return std::nullopt;
  }
  static Answer holds(const Parsed& rest, const FlowFacts& facts) {
    return answer(facts.flow().client.port % 2 == rest);
  }
  static std::string why_not(const Parsed& /*it*/, const FlowFacts& /*facts*/) { return "no"; }
  static bool covers(const Parsed& /*it*/, const Parsed* /*other*/) { return false; }
  static void lower(const Parsed& rest, Narrowing& rule) {
    if (!has_words) {
      rule.ask_gateway();
      return;
    }
    rule.to({.nft = "…", .any_of = {{"…", [rest](const Packet& packet) {
                                       return packet.source.port % 2 == rest;
                                     }}}});
  }
};
constinit const ConditionType visible_parity = condition_type<Parity<true>>();
constinit const ConditionType secret_parity = condition_type<Parity<false>>();

// A rule as it is written, and as it is asked without any of weir's code.
struct Written {
  std::vector<PortRange> on;
  std::vector<std::string> clients, destinations;  // "!…" negates
  std::string interface;                           // "": any
  int visible = -1, secret = -1;                   // -1: not asked
  Offload offload = Offload::none;

  [[nodiscard]] static bool is_in(const std::vector<std::string>& list, const Address& address) {
    bool wants_some = false;
    bool wanted = false;
    for (const std::string& item : list) {
      const bool negated = item.starts_with("!");
      const bool has = prefix(item.substr(negated ? 1 : 0)).contains(address);
      if (negated && has) {
        return false;
      }
      wants_some = wants_some || !negated;
      wanted = wanted || (!negated && has);
    }
    return !wants_some || wanted;
  }

  [[nodiscard]] bool names(const Packet& packet) const {
    return std::any_of(on.begin(), on.end(), [&](const PortRange& range) {
      return (range.protocol == Protocol::tcp) == (packet.protocol == Layer4::tcp) &&
             range.first <= packet.destination.port && packet.destination.port <= range.last;
    });
  }
  // All but what no packet shows.
  [[nodiscard]] bool seems_to_hold(const Packet& packet) const {
    const bool from_there = interface.empty() || packet.in == interface ||
                            (interface.ends_with('*') &&
                             packet.in.starts_with(interface.substr(0, interface.size() - 1)));
    return names(packet) && from_there && is_in(clients, packet.source.address) &&
           is_in(destinations, packet.destination.address) &&
           (visible < 0 || packet.source.port % 2 == visible);
  }
  [[nodiscard]] bool holds(const Packet& packet) const {
    return seems_to_hold(packet) && (secret < 0 || packet.source.port % 2 == secret);
  }

  [[nodiscard]] Made made(const std::string& name) const {
    Made out = rule(name, on, offload);
    out.client(clients).destination(destinations);
    if (!interface.empty()) out.interface(interface);
    if (visible >= 0) out.settings.set({visible_parity, visible});
    if (secret >= 0) out.settings.set({secret_parity, secret});
    return out;
  }
};

class Rules {
 public:
  explicit Rules(Arbitrary& arbitrary) : arbitrary_(arbitrary) {}

  std::vector<Written> some() {
    std::vector<Written> out(1 + arbitrary_.below(24));
    for (Written& rule : out) {
      for (std::size_t i = 1 + arbitrary_.below(3); i > 0; --i) {
        const Port port = arbitrary_.of(Arbitrary::ports());
        rule.on.push_back({arbitrary_.one_in(2) ? Protocol::tcp : Protocol::udp, port,
                           static_cast<Port>(arbitrary_.one_in(6) ? 65'535 : port)});
      }
      rule.clients = list(Arbitrary::clients());
      rule.destinations = list(Arbitrary::servers());
      if (arbitrary_.one_in(5)) rule.interface = arbitrary_.one_in(2) ? "lan" : "guest*";
      if (arbitrary_.one_in(5)) rule.visible = static_cast<int>(arbitrary_.below(2));
      if (arbitrary_.one_in(5)) rule.secret = static_cast<int>(arbitrary_.below(2));
      rule.offload = arbitrary_.of(
          std::vector{Offload::none, Offload::bypass, Offload::reject, Offload::drop});
    }
    return out;
  }

 private:
  std::vector<std::string> list(const std::vector<std::string>& of_these) {
    std::vector<std::string> items;
    for (std::size_t i = arbitrary_.below(4); i > 0; --i) {
      items.push_back((arbitrary_.one_in(4) ? "!" : "") + arbitrary_.of(of_these));
    }
    return items;
  }

  Arbitrary& arbitrary_;
};

Outcome::End end_of(Offload offload) {
  switch (offload) {
    case Offload::bypass:
      return Outcome::End::passes;
    case Offload::reject:
      return Outcome::End::refused;
    case Offload::drop:
      return Outcome::End::dropped;
    case Offload::none:
      break;
  }
  return Outcome::End::to_listener;
}

// Without a `default` in the file.
Outcome::End expected(const std::vector<Written>& rules, const Packet& packet) {
  for (const Written& rule : rules) {
    if (rule.seems_to_hold(packet)) {
      return rule.secret >= 0 ? Outcome::End::to_listener : end_of(rule.offload);
    }
  }
  const bool gateway_has_port = std::any_of(rules.begin(), rules.end(), [&](const Written& rule) {
    return rule.names(packet) && (rule.secret >= 0 || rule.offload == Offload::none);
  });
  return gateway_has_port ? Outcome::End::to_listener : Outcome::End::passes;
}

}  // namespace

TEST_CASE("a flow gets the rule that a plain reading says, and its packet the end of that rule") {
  INFO("WEIR_SEED=" << seed());
  Arbitrary arbitrary(seed());
  std::array<int, 6> ends{};
  int matched = 0;
  int wrong = 0;
  for (int i = 0; i < rulesets && wrong == 0; ++i) {
    const std::vector<Written> written = Rules(arbitrary).some();
    std::vector<Made> made;
    std::vector<RuleSettings> settings;
    for (const Written& rule : written) {
      made.push_back(rule.made("r" + std::to_string(made.size())));
      settings.push_back(made.back().settings);
    }
    const RuleSet compiled = RuleSet::compile(settings);
    const Plan plan = make_plan(ruleset_of(made));
    const Plan nft = for_nft(plan);
    const std::array iptables{for_iptables(plan, Family::v4), for_iptables(plan, Family::v6)};
    for (int j = 0; j < flows_each; ++j) {
      Packet packet = arbitrary_opening(arbitrary);
      packet.source.port = static_cast<Port>(41'000 + arbitrary.below(2));
      const Flow flow{.protocol = packet.protocol == Layer4::tcp ? Protocol::tcp : Protocol::udp,
                      .client = packet.source,
                      .destination = packet.destination,
                      .interface = 1};
      const auto first = std::find_if(written.begin(), written.end(),
                                      [&](const Written& rule) { return rule.holds(packet); });
      const auto found = compiled.match(flow, [&](std::uint32_t) { return packet.in; });
      const bool agrees = first == written.end()
                              ? !found
                              : found == static_cast<std::size_t>(first - written.begin());
      const Outcome::End end = expected(written, packet);
      const Plan& lowered = iptables[packet.destination.family() == Family::v4 ? 0 : 1];
      matched += found ? 1 : 0;
      ++ends.at(static_cast<std::size_t>(end));
      if (!agrees || evaluate(plan, packet).end != end || evaluate(nft, packet).end != end ||
          evaluate(lowered, packet).end != end) {
        ++wrong;
        FAIL_CHECK("ruleset " << i << ", flow " << j << ": " << text_of(packet)
                              << "\nplainly: " << (first - written.begin()) << ", " << name_of(end)
                              << "\ncompiled: " << (found ? static_cast<int>(*found) : -1)
                              << "\nplanned: " << text_of(evaluate(plan, packet))
                              << "\nnft: " << text_of(evaluate(nft, packet))
                              << "\niptables: " << text_of(evaluate(lowered, packet)));
        break;
      }
    }
  }
  CHECK(matched > 1'000);
  for (const auto end : {Outcome::End::passes, Outcome::End::to_listener, Outcome::End::refused,
                         Outcome::End::dropped}) {
    CHECK(ends.at(static_cast<std::size_t>(end)) > 500);
  }
}

}  // namespace weir::firewall
