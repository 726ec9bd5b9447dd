// The conditions of made-up rules, in the words that the configuration has for them:
// rule.set(on({…})), rule.set(client({"10.0.0.0/8", "!10.0.0.1"})).
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/configuration.h"
#include "config/findings.h"
#include "rules/conditions/table.h"

namespace weir {

inline AddressCondition condition(const std::vector<std::string>& items) {
  AddressCondition out;
  for (const std::string& item : items) {
    const bool negated = item.front() == '!';
    (negated ? out.exclude : out.include)
        .push_back(Prefix::parse(std::string_view(item).substr(negated ? 1 : 0)).value());
  }
  return out;
}

inline RuleCondition on(std::vector<PortRange> ranges) { return {on_condition, std::move(ranges)}; }
inline RuleCondition client(const std::vector<std::string>& items) {
  return {client_condition, AddressMatch(condition(items))};
}
inline RuleCondition destination(const std::vector<std::string>& items) {
  return {destination_condition, AddressMatch(condition(items))};
}
inline RuleCondition interfaces(std::vector<std::string> names) {
  return {interface_condition, std::move(names)};
}

// What one line of a section says to its row. REQUIRES: there is such a row, and it takes the line.
inline RuleCondition said(std::string_view key, std::string_view text) {
  const auto types = condition_types();
  const auto row = std::find_if(types.begin(), types.end(), [key](const ConditionType* type) {
    return type->keys.front().name == key;
  });
  Settings settings("r", {"f", 1}, (*row)->keys);
  settings.add(key, parse_value((*row)->keys.front(), text, {"f", 2}).value());
  Findings findings;
  return RuleCondition::of(**row, (*row)->parse(settings, findings));
}

}  // namespace weir
