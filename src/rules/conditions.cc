#include "rules/conditions.h"

#include <algorithm>

#include "base/names.h"

namespace weir {

AddressMatch::AddressMatch(const AddressCondition& condition)
    : condition_(condition), include_(condition.include), exclude_(condition.exclude) {}

bool AddressMatch::holds(const Address& address) const {
  return (include_.empty() || include_.contains(address)) && !exclude_.contains(address);
}

bool AddressMatch::covers(const AddressMatch& other) const {
  const auto& theirs = other.condition_.include;
  if (!include_.empty()) {
    const bool included =
        theirs.empty() ? include_.covers(Family::v4) && include_.covers(Family::v6)
                       : std::all_of(theirs.begin(), theirs.end(), [&](const Prefix& prefix) {
                           return include_.contains(prefix) || other.exclude_.contains(prefix);
                         });
    if (!included) {
      return false;
    }
  }
  // What this excludes, the other must not want. Two prefixes are apart or nested, so that what
  // they share is the longer one.
  return std::all_of(
      condition_.exclude.begin(), condition_.exclude.end(), [&](const Prefix& excluded) {
        if (other.exclude_.contains(excluded)) {
          return true;
        }
        return !theirs.empty() &&
               std::all_of(theirs.begin(), theirs.end(), [&](const Prefix& wanted) {
                 if (wanted.contains(excluded)) {
                   return false;
                 }
                 return !excluded.contains(wanted) || other.exclude_.contains(wanted);
               });
      });
}

Conditions::Conditions(const RuleSettings& rule)
    : client_(rule.client), destination_(rule.destination), interfaces_(rule.interfaces) {}

bool Conditions::on_interface(std::string_view name) const {
  return interfaces_.empty() ||
         std::any_of(interfaces_.begin(), interfaces_.end(),
                     [&](const std::string& pattern) { return covers_interface(pattern, name); });
}

bool Conditions::covers(const Conditions& other) const {
  const bool any_interface =
      interfaces_.empty() ||
      (!other.interfaces_.empty() &&
       std::all_of(other.interfaces_.begin(), other.interfaces_.end(),
                   [&](const std::string& name) { return on_interface(name); }));
  return any_interface && client_.covers(other.client_) && destination_.covers(other.destination_);
}

}  // namespace weir
