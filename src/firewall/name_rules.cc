#include "firewall/name_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/flow_facts.h"

namespace weir::firewall {
namespace {

bool overlap(const Ports& a, const Ports& b) {
  return std::any_of(a.ranges.begin(), a.ranges.end(), [&](const Ports::Range& one) {
    return std::any_of(b.ranges.begin(), b.ranges.end(), [&](const Ports::Range& other) {
      return one.first <= other.last && other.first <= one.last;
    });
  });
}

bool share_ports(const Narrowing& a, const Narrowing& b) {
  return overlap(a.tcp(), b.tcp()) || overlap(a.udp(), b.udp());
}

bool is_for_no_packet(const Narrowing& rule) {
  return !rule.addresses(Family::v4) && !rule.addresses(Family::v6);
}

const RuleCondition& host_of(const RuleSettings& rule) {
  return *std::find_if(rule.conditions.begin(), rule.conditions.end(),
                       [](const RuleCondition& condition) {
                         return condition.type().needs == ConditionType::Needs::host;
                       });
}

// FNV-1a, 64 bits, as for lists of prefixes: the same over restarts.
std::string checksum_of(const std::vector<std::string>& texts) {
  std::uint64_t sum = 0xcbf29ce484222325U;
  for (const std::string& text : texts) {
    for (const char c : text + "\n") {
      sum = (sum ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
    }
  }
  return fmt::format("{:016x}", sum);
}

std::string has_to_ask(const RuleSettings& first) {
  return "the gateway decides it, for it has to ask [rule " + first.name + "] first";
}

}  // namespace

bool NameRule::takes(std::string_view name) const {
  static const Flow flow;
  static const InterfaceName no_interface;
  static const ClientDevice no_device;
  const FlowFacts facts(flow, no_interface, no_device,
                        {.state = KnownHost::State::name, .name = name});
  const auto holds = [&](const RuleCondition& of) { return of.holds(facts) == Answer::yes; };
  return holds(host) && std::none_of(earlier.begin(), earlier.end(), holds);
}

std::string name_set(std::string_view set, Family family) {
  return fmt::format("{}{}-{}", name_sets_begin, family == Family::v4 ? 4 : 6, set);
}

NameStanding name_standing(std::span<const RuleSettings> rules, std::span<const Narrowing> narrowed,
                           std::size_t at) {
  const Narrowing& own = narrowed[at];
  if (!own.is_exact_by_name() || is_for_no_packet(own) || own.names()->empty()) {
    return {};
  }
  std::vector<std::string> said = {*own.names()};
  NameStanding::Place place{.before = at, .rule = {.set = {}, .host = host_of(rules[at])}};
  for (std::size_t i = 0; i < at; ++i) {
    const Narrowing& earlier = narrowed[i];
    if (!share_ports(earlier, own) || is_for_no_packet(earlier)) {
      continue;
    }
    if (place.before == at && earlier.is_exact()) {
      continue;  // it is asked before as well
    }
    if (!earlier.names()) {
      return {.why_not = place.before == at
                             ? has_to_ask(rules[i])
                             : "the gateway decides it, for [rule " + rules[i].name +
                                   "] stands between it and [rule " + rules[place.before].name +
                                   "], which the gateway has to ask first"};
    }
    place.before = std::min(place.before, i);
    place.rule.earlier.push_back(host_of(rules[i]));
    said.push_back(*earlier.names());
  }
  place.rule.set = checksum_of(said);
  return {.place = std::move(place)};
}

std::string LeftToGateway::text() const {
  return why + (except_looked_up ? "; under 'run --firewall' nft decides it for addresses that the "
                                   "client has looked up through weir"
                                 : "");
}

std::vector<LeftToGateway> left_to_gateway(const Configuration& configuration) {
  const auto& rules = configuration.rules;
  const std::size_t max_set = configuration.firewall.max_set;
  std::vector<LeftToGateway> out;
  out.reserve(rules.size());
  for (const RuleSettings& rule : rules) {
    out.push_back({.why = why_left_to_gateway(rule, max_set)});
  }
  const bool some_ask = std::any_of(rules.begin(), rules.end(), [](const RuleSettings& rule) {
    return std::any_of(
        rule.conditions.begin(), rule.conditions.end(),
        [](const RuleCondition& each) { return each.type().needs == ConditionType::Needs::host; });
  });
  if (!some_ask) {
    return out;  // lists need not be copied
  }
  std::vector<Narrowing> all;
  all.reserve(rules.size());
  for (const RuleSettings& rule : rules) {
    all.push_back(narrowed(rule, max_set));
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    NameStanding standing = name_standing(rules, all, i);
    out[i].except_looked_up = standing.place.has_value();
    if (!standing.why_not.empty()) {
      out[i].why = std::move(standing.why_not);
    }
  }
  return out;
}

}  // namespace weir::firewall
