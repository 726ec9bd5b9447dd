#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "rules/rule_set.h"

namespace weir {

std::string why_not(const RuleSettings& rule, const Flow& flow, std::string_view interface,
                    const ClientDevice& device, const KnownHost& host) {
  const InterfaceName name = [interface](std::uint32_t) { return std::string(interface); };
  const FlowFacts facts(flow, name, device, host);
  const auto against =
      std::find_if(rule.conditions.begin(), rule.conditions.end(),
                   [&](const RuleCondition& one) { return one.holds(facts) != Answer::yes; });
  return against == rule.conditions.end() ? "" : against->why_not(facts);
}

std::vector<std::string> set_matches(const RuleSettings& rule, const Flow& flow,
                                     const ClientDevice& device, const KnownHost& host) {
  const InterfaceName no_interface;
  const FlowFacts facts(flow, no_interface, device, host);
  std::vector<std::string> out;
  for (const auto& [end, what, list] :
       {std::tuple(FlowEnd::client, "client", &rule.client()),
        std::tuple(FlowEnd::destination, "destination", &rule.destination())}) {
    for (const AddressItem& item : list->include_items) {
      if (item.says_where() && item.holds(end, facts) == Answer::yes) {
        out.push_back(std::string(what) + " " + address_at(end, flow).text() + " is in " +
                      item.found(end, facts));
      }
    }
  }
  for (const RuleCondition& condition : rule.conditions) {
    std::vector<std::string> more = condition.because(facts);
    std::move(more.begin(), more.end(), std::back_inserter(out));
  }
  return out;
}

}  // namespace weir
