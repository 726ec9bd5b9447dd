#include <algorithm>

#include "rules/rule_set.h"

namespace weir {

std::string why_not(const RuleSettings& rule, const Flow& flow, std::string_view interface,
                    const DeviceMac& device) {
  const InterfaceName name = [interface](std::uint32_t) { return std::string(interface); };
  const FlowFacts facts(flow, name, device);
  const auto against =
      std::find_if(rule.conditions.begin(), rule.conditions.end(),
                   [&](const RuleCondition& one) { return one.holds(facts) != Answer::yes; });
  return against == rule.conditions.end() ? "" : against->why_not(facts);
}

}  // namespace weir
