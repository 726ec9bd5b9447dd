#include "firewall/questions.h"

#include <algorithm>

#include "firewall/narrowing.h"

namespace weir::firewall {

bool is_for_questions(const RuleSettings& rule) {
  constexpr Port dns_port = 53;
  return std::any_of(rule.on().begin(), rule.on().end(), [](const PortRange& range) {
    return range.protocol == Protocol::udp && range.first <= dns_port && dns_port <= range.last;
  });
}

bool carries_questions(const Configuration& configuration, const RuleSettings& rule,
                       Upstream::Handling handling) {
  using Offload = Upstream::Offload;
  // A bypass that the gateway decides acts as transparent.
  const bool leads_on = handling.offload == Offload::none ||
                        (handling.offload == Offload::bypass &&
                         !why_left_to_gateway(rule, configuration.firewall.max_set).empty());
  return leads_on && is_for_questions(rule);
}

bool default_carries_questions(const Configuration& configuration, Upstream::Handling handling) {
  return configuration.gateway.default_given && handling.offload == Upstream::Offload::none &&
         std::any_of(configuration.rules.begin(), configuration.rules.end(), is_for_questions);
}

}  // namespace weir::firewall
