// A condition of a rule that has several lines, in the words that the configuration has for them.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "config/findings.h"
#include "rules/conditions/table.h"

namespace weir {

// What the lines say to the row that the first one names. REQUIRES: there is such a row, and it
// takes the lines.
using RuleLines = std::vector<std::pair<std::string_view, std::string_view>>;
inline RuleCondition said(const RuleLines& lines) {
  const auto types = condition_types();
  const auto row = std::find_if(types.begin(), types.end(), [&](const ConditionType* type) {
    return type->keys.front().name == lines.front().first;
  });
  const auto keys = (*row)->keys;
  Settings settings("r", {"f", 1}, keys);
  for (const auto& [name, text] : lines) {
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&name = name](const Key& each) { return each.name == name; });
    settings.add(name, parse_value(*key, text, {"f", 2}).value());
  }
  Findings findings;
  return RuleCondition::of(**row, (*row)->parse(settings, findings));
}

}  // namespace weir
