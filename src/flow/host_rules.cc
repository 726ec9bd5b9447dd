#include "flow/host_rules.h"

#include <algorithm>

namespace weir {

void HostRules::add(const RuleSettings& rule, const Upstream& upstream) {
  const bool asks = std::any_of(rule.conditions.begin(), rule.conditions.end(),
                                [](const RuleCondition& condition) {
                                  return condition.type().needs == ConditionType::Needs::host;
                                });
  any_ = any_ || asks;
  const auto offload = upstream.offload();
  if (asks && (offload == Upstream::Offload::reject || offload == Upstream::Offload::drop)) {
    const auto& ports = rule.on();
    refused_.insert(refused_.end(), ports.begin(), ports.end());
  }
}

bool HostRules::may_refuse(Port port) const {
  return std::any_of(refused_.begin(), refused_.end(), [port](const PortRange& of) {
    return of.protocol == Protocol::tcp && of.first <= port && port <= of.last;
  });
}

}  // namespace weir
