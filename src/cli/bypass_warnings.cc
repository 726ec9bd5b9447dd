#include "cli/bypass_warnings.h"

#include <string>
#include <utility>

#include "cli/rule_overlap.h"
#include "firewall/narrowing.h"

namespace weir {
namespace {

std::string acts_as_transparent(const RuleSettings& rule, const std::string& where,
                                const std::string& why) {
  return "[rule " + rule.name + "]: bypass acts as transparent" + where + ": " + why;
}

}  // namespace

std::vector<Diagnostic> bypass_warnings(const Configuration& configuration,
                                        UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  const auto warn = [&](const RuleSettings& rule, std::string text) {
    out.push_back({Diagnostic::Severity::warning, rule.use_location, std::move(text)});
  };
  std::vector<const RuleSettings*> left;  // that the gateway decides
  for (const RuleSettings& rule : configuration.rules) {
    const std::string why = firewall::why_left_to_gateway(rule, configuration.firewall.max_set);
    const auto upstream = assembly.get(rule.use);
    const bool is_bypass = upstream && upstream.value()->offload() == Upstream::Offload::bypass;
    if (is_bypass && !why.empty()) {
      warn(rule, acts_as_transparent(rule, "", why));
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
