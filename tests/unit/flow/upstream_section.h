// The section of an upstream as the configuration's reader gives it, from keys and their texts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "upstream/registry.h"

namespace weir {

using Lines = std::vector<std::pair<std::string, std::string>>;

inline Settings section(const std::string& name, const Lines& lines) {
  std::vector<Key> keys(upstream_keys().begin(), upstream_keys().end());
  keys.push_back(Key{.name = "type", .description = "the policy"});
  for (const PolicyType& policy : policies()) {
    keys.insert(keys.end(), policy.keys.begin(), policy.keys.end());
  }
  Settings out(name, {"weir.ini", 1}, keys);
  int line = 2;
  for (const auto& [key, text] : lines) {
    for (const Key& row : keys) {  // several policies may have it
      if (row.name == key) {
        out.add(key, parse_value(row, text, {"weir.ini", line++}).value());
        break;
      }
    }
  }
  return out;
}

}  // namespace weir
