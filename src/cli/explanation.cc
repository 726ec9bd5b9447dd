#include "cli/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/family_warnings.h"
#include "cli/flow_decider.h"
#include "firewall/narrowing.h"
#include "rules/conditions/table.h"
#include "rules/host_match.h"
#include "rules/rule_set.h"
#include "upstream/proxy_chain.h"
#include "upstream/registry.h"

namespace weir {
namespace {

std::string source_text(const Source& source, const Flow& flow) {
  switch (source.kind) {
    case SourceKind::gateway:
      return "gateway (the address that routing picks)";
    case SourceKind::client:
      return "client (" + flow.client.address.text() + ")";
    case SourceKind::client_port:
      return "client:port (" +
             (flow.client.port == 0 ? flow.client.address.text() : flow.client.text()) + ")";
    case SourceKind::address:
      return source.address.text();
  }
  return "";
}

std::string_view verdict_text(Upstream::Offload offload) {
  switch (offload) {
    case Upstream::Offload::bypass:
      return "lets it pass; weir never sees it";
    case Upstream::Offload::reject:
      return "refuses it (TCP RST, ICMP port unreachable)";
    case Upstream::Offload::drop:
      return "drops it unanswered";
    case Upstream::Offload::none:
      break;
  }
  return "";
}

bool is_group(const Upstream& upstream) {
  return upstream.server_set() == nullptr && !upstream.dependencies().empty() &&
         upstream.profile().via == nullptr;
}

enum class Position : std::uint8_t { last, hop };

// With the sources of servers that have their own, where these servers are dialled. An upstream
// without servers does not lead to the flow's destination where it is a hop towards another one.
std::vector<std::string> candidates_of(const Upstream& upstream, const Flow& flow,
                                       Position position) {
  std::vector<std::string> out;
  if (is_group(upstream)) {
    for (const auto& member : upstream.dependencies()) {
      const auto its = candidates_of(*member, flow, position);
      if (its.empty()) {
        out.push_back(member->name());
      }
      for (const std::string& candidate : its) {
        out.push_back(member->name() + ": " + candidate);
      }
    }
    return out;
  }
  if (upstream.server_set() == nullptr && position == Position::hop) {
    return out;
  }
  out = upstream.describe(flow);
  if (upstream.profile().via == nullptr) {
    // The servers come first, in their order.
    const std::size_t servers = std::min(upstream.servers().size(), out.size());
    for (std::size_t i = 0; i < servers; ++i) {
      if (const auto source = upstream.server_set()->terms_of(i).source) {
        out[i] += " source=" + source_text(*source, flow);
      }
      if (!serves(upstream, i, flow.client.family())) {
        out[i] += fmt::format(" (not for {} clients)", name_of(flow.client.family()));
      }
    }
  }
  return out;
}

Explanation::Path path_of(const Upstream& upstream, const Flow& flow) {
  Explanation::Path path;
  auto candidates = candidates_of(upstream, flow, Position::last);
  if (candidates.empty()) {  // it is refused or dropped
    return path;
  }
  (upstream.server_set() != nullptr ? path.servers : path.goes_to) = std::move(candidates);
  if (flow.protocol == Protocol::tcp) {
    for (const Upstream* told : told_the_host(upstream)) {
      path.told_host.push_back(told->name());
    }
  }
  const Upstream* first = &upstream;
  for (Flow towards = flow; first->profile().via != nullptr;) {
    // A server of the next one without a port gets the port of what is reached through it.
    if (!first->servers().empty() && first->servers().front()->identity().port != 0) {
      towards.destination.port = first->servers().front()->identity().port;
    }
    first = first->profile().via.get();
    path.via.insert(path.via.begin(), {.upstream = first->profile().name,
                                       .type = first->profile().type,
                                       .servers = candidates_of(*first, towards, Position::hop)});
  }
  if (is_group(*first)) {
    return path;  // the rest is its members' affair
  }
  const UpstreamProfile& profile = first->profile();
  path.source = source_text(profile.source, flow);
  if (const auto& mark = profile.options.mark) {
    path.mark = fmt::format("{:#x}/{:#x}", mark->value, mark->mask);
  }
  path.interface = profile.options.interface;
  path.dscp = profile.options.dscp;
  return path;
}

// The rules that would have the flow, did its client name a host that they want: those before the
// first that has it whatever the name. REQUIRES: the name is not known yet.
std::vector<std::string> by_some_name(const std::vector<RuleSettings>& rules,
                                      const FlowFacts& facts) {
  std::vector<std::string> out;
  for (const RuleSettings& rule : rules) {
    Answer answer = Answer::yes;
    for (const RuleCondition& condition : rule.conditions) {
      if (const Answer its = condition.holds(facts); its != Answer::yes) {
        answer = its;
        if (its == Answer::no) {
          break;
        }
      }
    }
    if (answer == Answer::yes) {
      break;
    }
    const RuleCondition* host = rule.find(host_condition);
    if (answer == Answer::not_yet && host != nullptr && host->as<HostMatch>().may_want_name()) {
      out.push_back(rule.name);
    }
  }
  return out;
}

// Who decides what the firewall could.
struct Owner {
  bool is_firewall = true;
  std::string why = {};      // else; or empty
  std::string besides = {};  // behind what comes of it
};

// Of a rule, none: the default.
Owner owner_of(const Configuration& configuration, std::optional<std::size_t> rule,
               const FlowFacts& facts) {
  const auto& rules = configuration.rules;
  const std::size_t max_set = configuration.firewall.max_set;
  const auto left = firewall::left_to_gateway(configuration);
  if (rule && left[*rule].except_looked_up) {
    const std::string& why = left[*rule].why;
    return {.is_firewall = false, .why = why, .besides = left[*rule].text().substr(why.size())};
  }
  for (std::size_t i = 0; i < rule.value_or(rules.size()); ++i) {
    if (firewall::hands_over(rules[i], facts, max_set)) {
      return {
          .is_firewall = false,
          .why = "the gateway decides it, for it has to ask [rule " + rules[i].name + "] first"};
    }
  }
  if (!rule || firewall::narrowed(rules[*rule], max_set).is_exact()) {
    return {};
  }
  return {.is_firewall = false, .why = left[*rule].why};
}

}  // namespace

Explanation explain(const Configuration& configuration, const Flow& flow,
                    std::string_view interface, firewall::AddressKind destination,
                    std::span<const std::string> outside,
                    const std::optional<std::string>& leaves_by, const ClientDevice& device,
                    const KnownHost& host) {
  Explanation out;
  out.protocol = flow.protocol == Protocol::tcp ? "tcp" : "udp";
  out.client = flow.client.port == 0 ? flow.client.address.text() : flow.client.text();
  out.destination = flow.destination.text();
  FlowDecider::Surroundings surroundings;
  surroundings.kind_of = [&](const Address& /*destination*/) { return destination; };
  surroundings.outside.assign(outside.begin(), outside.end());
  if (leaves_by) {
    surroundings.leaves_by = [&](const Flow& /*flow*/) { return leaves_by; };
  }
  surroundings.device = device;
  out.host = host.name;
  const FlowDecider decider(configuration, std::move(surroundings));
  const FlowDecider::Decision decision = decider.decide(flow, interface, host);
  out.not_intercepted = decision.not_intercepted;
  const std::size_t asked =
      decision.asked_rules ? decision.rule.value_or(configuration.rules.size()) : 0;
  for (std::size_t i = 0; i < asked; ++i) {
    const RuleSettings& rule = configuration.rules[i];
    out.passed.push_back({.rule = rule.name,
                          .location = rule.location,
                          .why = why_not(rule, flow, interface, device, host)});
  }
  const InterfaceName interface_name = [&](std::uint32_t) { return std::string(interface); };
  if (decision.asked_rules && host.state == KnownHost::State::none) {
    out.could_match =
        by_some_name(configuration.rules,
                     FlowFacts(flow, interface_name, device, {.state = KnownHost::State::not_yet}));
  }
  if (!out.not_intercepted.empty()) {
    return out;
  }
  out.rule = default_rule_name;
  if (decision.rule) {
    out.rule = configuration.rules[*decision.rule].name;
    out.location = configuration.rules[*decision.rule].location;
    out.because = set_matches(configuration.rules[*decision.rule], flow, device, host);
    for (const RuleCondition& condition : configuration.rules[*decision.rule].conditions) {
      if (const std::string clock_state = condition.clock_state(); !clock_state.empty()) {
        out.because.push_back("it " + clock_state);
      }
    }
  }
  out.upstream = decision.target->use;
  if (!decision.target->upstream) {
    out.problem = decision.target->problem;
    return out;
  }
  const std::shared_ptr<Upstream> passing = make_builtin("transparent");
  if (decision.client != nullptr) {
    out.passes_by = "the client is " + decision.client->text() +
                    ": the flow goes on to its own destination, counted as own-server";
  }
  const Upstream& upstream = decision.client == nullptr ? *decision.target->upstream : *passing;
  out.upstream = upstream.profile().name;
  out.type = upstream.profile().type;
  out.path = path_of(upstream, flow);
  if (upstream.offload() == Upstream::Offload::none) {
    return out;
  }
  const FlowFacts facts(flow, interface_name, device, host);
  const Owner owner = owner_of(configuration, decision.rule, facts);
  if (owner.is_firewall) {
    out.firewall = verdict_text(upstream.offload());
  } else if (!owner.why.empty()) {
    out.left_to_gateway =
        owner.why +
        (upstream.offload() == Upstream::Offload::bypass ? ": bypass acts as transparent" : "") +
        owner.besides;
  }
  return out;
}

}  // namespace weir
