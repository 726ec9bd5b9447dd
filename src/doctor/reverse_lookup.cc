#include "doctor/reverse_lookup.h"

#include <algorithm>

#include "firewall/policy_routes.h"
#include "firewall/script.h"

namespace weir::doctor {

bool look_ups_from_lo_pass(const Subject& subject) {
  const auto families = firewall::routed_families();
  return std::all_of(families.begin(), families.end(), [&](Family family) {
    const auto rules = firewall::read_policy_rules(family);
    if (!rules || std::none_of(rules.value().begin(), rules.value().end(), [](const auto& rule) {
          return rule.protocol == firewall::route_protocol;
        })) {
      return true;
    }
    return firewall::missing_rules(rules.value(), subject.ruleset, family).empty();
  });
}

}  // namespace weir::doctor
