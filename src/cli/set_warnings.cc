#include "cli/set_warnings.h"

#include <string>

#include "firewall/narrowing.h"

namespace weir {

std::vector<Diagnostic> set_warnings(const Configuration& configuration,
                                     UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  for (const RuleSettings& rule : configuration.rules) {
    const auto upstream = assembly.get(rule.use);
    if (!upstream || upstream.value()->offload() == Upstream::Offload::none) {
      continue;
    }
    if (const auto why = firewall::why_left_to_gateway(rule, configuration.firewall.max_set);
        !why.empty()) {
      out.push_back(
          {Diagnostic::Severity::warning, rule.location, "[rule " + rule.name + "]: " + why});
    }
  }
  return out;
}

}  // namespace weir
