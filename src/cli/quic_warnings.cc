#include "cli/quic_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/rule_overlap.h"
#include "rules/conditions/table.h"
#include "rules/host_match.h"
#include "upstream/proxy_chain.h"

namespace weir {
namespace {

constexpr Port web_port = 443;

bool refuses_flows(const Upstream& upstream) {
  using Offload = Upstream::Offload;
  return upstream.offload() == Offload::reject || upstream.offload() == Offload::drop;
}

// Whether a flow that passes by the rule is treated otherwise than the rule says.
bool takes_away(const Upstream& upstream) {
  return refuses_flows(upstream) || (upstream.offload() == Upstream::Offload::none &&
                                     upstream.leads() != Upstream::Leads::to_destination);
}

bool is_about_tcp_alone(const RuleSettings& rule) {
  const RuleCondition* asks = rule.find(host_condition);
  return asks != nullptr && asks->as<HostMatch>().condition().wants_names() &&
         names_port(rule, Protocol::tcp, web_port) && !names_port(rule, Protocol::udp, web_port);
}

// Whether the rule's flows, ports aside, would all be the other rule's.
bool would_take(const RuleSettings& other, const RuleSettings& rule) {
  return std::all_of(other.conditions.begin(), other.conditions.end(),
                     [&](const RuleCondition& condition) {
                       return condition.type().index == ConditionType::Index::ports ||
                              condition.covers(rule.find(condition.type()));
                     });
}

// What becomes of these hosts by QUIC.
struct ByQuic {
  bool is_meant = false;
  const RuleSettings* rule = nullptr;  // null: no rule takes all of it
};

// `for_quic`: the rules that name udp/443.
ByQuic fate_of(const RuleSettings& rule, const std::vector<const RuleSettings*>& for_quic,
               const GatewaySettings& gateway, UpstreamAssembly& assembly) {
  const auto is_like_it = [&](const std::string& use) {
    const auto upstream = assembly.get(use);
    return use == rule.use || (upstream && refuses_flows(*upstream.value()));
  };
  const auto other = std::find_if(for_quic.begin(), for_quic.end(),
                                  [&](const RuleSettings* one) { return would_take(*one, rule); });
  if (other != for_quic.end()) {
    // Another rule for the same hosts says what is meant.
    return {(*other)->find(host_condition) != nullptr || is_like_it((*other)->use), *other};
  }
  return {!for_quic.empty() && gateway.default_given && is_like_it(gateway.default_use), nullptr};
}

std::string line_with_quic(const RuleSettings& rule) {
  std::string line = "on = ";
  for (const PortRange& range : rule.on()) {
    line += text_of(range) + ", ";
  }
  return line + text_of({Protocol::udp, web_port, web_port});
}

}  // namespace

std::vector<Diagnostic> quic_warnings(const Configuration& configuration,
                                      UpstreamAssembly& assembly) {
  std::vector<const RuleSettings*> for_quic;
  for (const RuleSettings& rule : configuration.rules) {
    if (names_port(rule, Protocol::udp, web_port)) {
      for_quic.push_back(&rule);
    }
  }
  std::vector<Diagnostic> out;
  for (const RuleSettings& rule : configuration.rules) {
    const auto upstream = assembly.get(rule.use);
    if (!upstream || !is_about_tcp_alone(rule) || !takes_away(*upstream.value())) {
      continue;
    }
    const ByQuic quic = fate_of(rule, for_quic, configuration.gateway, assembly);
    if (quic.is_meant) {
      continue;
    }
    const std::string other = quic.rule == nullptr ? "" : "[rule " + quic.rule->name + "]";
    const std::string line = why_no_datagrams(*upstream.value()).empty()
                                 ? "write " + line_with_quic(rule) + ", or "
                                 : "";
    out.push_back(
        {Diagnostic::Severity::warning, rule.location,
         fmt::format("[rule {}] names tcp/443 and not udp/443: browsers reach its hosts by "
                     "QUIC{}{}; {}refuse all QUIC{}{} by a rule with on = udp/443, use = "
                     "reject",
                     rule.name, other.empty() ? "" : ", through ", other, line,
                     other.empty() ? "" : " before ", other)});
  }
  return out;
}

}  // namespace weir
