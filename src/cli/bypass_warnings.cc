#include "cli/bypass_warnings.h"

#include <string>
#include <utility>

#include "cli/rule_overlap.h"
#include "firewall/name_rules.h"

namespace weir {
namespace {

std::string acts_as_transparent(const RuleSettings& rule, const std::string& where,
                                const std::string& why) {
  return "[rule " + rule.name + "]: bypass acts as transparent" + where + ": " + why;
}

constexpr auto not_looked_up =
    " where the client has not looked the address up through weir, and with iptables";

}  // namespace

std::vector<Diagnostic> bypass_warnings(const Configuration& configuration,
                                        UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  const auto warn = [&](const RuleSettings& rule, std::string text) {
    out.push_back({Diagnostic::Severity::warning, rule.use_location, std::move(text)});
  };
  std::vector<const RuleSettings*> left;  // that the gateway decides
  const auto all_left = firewall::left_to_gateway(configuration);
  for (std::size_t i = 0; i < configuration.rules.size(); ++i) {
    const RuleSettings& rule = configuration.rules[i];
    const auto& [why, except_looked_up] = all_left[i];
    const auto upstream = assembly.get(rule.use);
    const bool is_bypass = upstream && upstream.value()->offload() == Upstream::Offload::bypass;
    if (is_bypass && !why.empty()) {
      warn(rule, acts_as_transparent(rule, except_looked_up ? not_looked_up : "", why));
    } else if (is_bypass) {
      for (const RuleSettings* earlier : left) {
        if (const auto ports = common_ports(*earlier, rule)) {
          warn(rule,
               acts_as_transparent(rule, " on " + text_of(*ports),
                                   "the gateway has to ask [rule " + earlier->name + "] first"));
          break;
        }
      }
    }
    if (!why.empty()) {
      left.push_back(&rule);
    }
  }
  return out;
}

}  // namespace weir
