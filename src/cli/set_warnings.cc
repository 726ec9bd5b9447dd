#include "cli/set_warnings.h"

#include <string>

#include "firewall/narrowing.h"

namespace weir {

std::vector<Diagnostic> set_warnings(const Configuration& configuration,
                                     UpstreamAssembly& assembly) {
  std::vector<Diagnostic> out;
  for (const RuleSettings& rule : configuration.rules) {
    const auto upstream = assembly.get(rule.use);
    using Offload = Upstream::Offload;
    const Offload offload = upstream ? upstream.value()->offload() : Offload::none;
    if (offload == Offload::none || offload == Offload::bypass) {
      continue;
    }
    if (const auto why = firewall::why_lists_left_to_gateway(rule, configuration.firewall.max_set);
        !why.empty()) {
      out.push_back(
          {Diagnostic::Severity::warning, rule.location, "[rule " + rule.name + "]: " + why});
    }
  }
  return out;
}

}  // namespace weir
