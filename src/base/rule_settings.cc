#include <algorithm>
#include <utility>

#include "base/configuration.h"

namespace weir {
namespace {

// What the condition that has the key says, or one that says nothing.
template <typename Parsed>
const Parsed& value_of(const RuleSettings& rule, std::string_view key, const Parsed& nothing) {
  const auto found =
      std::find_if(rule.conditions.begin(), rule.conditions.end(),
                   [key](const RuleCondition& condition) { return condition.key() == key; });
  return found == rule.conditions.end() ? nothing : found->template as<Parsed>();
}

const AddressCondition& addresses(const RuleSettings& rule, std::string_view key) {
  static const AddressMatch every{AddressCondition{}};
  return value_of(rule, key, every).condition();
}

}  // namespace

const RuleCondition* RuleSettings::find(const ConditionType& type) const {
  const auto found =
      std::find_if(conditions.begin(), conditions.end(),
                   [&](const RuleCondition& condition) { return &condition.type() == &type; });
  return found == conditions.end() ? nullptr : &*found;
}

void RuleSettings::set(RuleCondition condition) {
  const auto found =
      std::find_if(conditions.begin(), conditions.end(),
                   [&](const RuleCondition& one) { return &one.type() == &condition.type(); });
  if (found == conditions.end()) {
    conditions.push_back(std::move(condition));
  } else {
    *found = std::move(condition);
  }
}

bool RuleSettings::takes_all() const {
  return std::all_of(conditions.begin(), conditions.end(), [](const RuleCondition& condition) {
    return condition.type().index == ConditionType::Index::ports;
  });
}

bool RuleSettings::admits(Family family) const {
  return std::all_of(conditions.begin(), conditions.end(),
                     [family](const RuleCondition& condition) { return condition.admits(family); });
}

RuleSettings RuleSettings::fitted(const Machine& machine) const {
  RuleSettings out = *this;
  for (RuleCondition& condition : out.conditions) {
    condition = condition.fitted(machine);
  }
  return out;
}

Configuration Configuration::fitted(const Machine& machine) const {
  Configuration out = *this;
  for (RuleSettings& rule : out.rules) {
    rule = rule.fitted(machine);
  }
  return out;
}

const std::vector<PortRange>& RuleSettings::on() const {
  static const std::vector<PortRange> none;
  return value_of(*this, "on", none);
}

const AddressCondition& RuleSettings::client() const { return addresses(*this, "client"); }

const AddressCondition& RuleSettings::destination() const {
  return addresses(*this, "destination");
}

const std::vector<std::string>& RuleSettings::interfaces() const {
  static const std::vector<std::string> any;
  return value_of(*this, "interface", any);
}

}  // namespace weir
