// The items that lists of several sections have: prefixes, interface names. Problems are reported
// at the item's own place. No state; the thread that loads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "config/findings.h"
#include "weir/settings.h"

namespace weir {

// Every item of all lists that a key was given.
template <typename F>
void each_item(const Settings& settings, std::string_view key, F visit) {
  for (const Value& value : settings.all(key)) {
    for (const Value& item : value.items) {
      visit(item);
    }
  }
}

[[nodiscard]] std::optional<Prefix> prefix_of(std::string_view text, std::string_view key,
                                              const SourceLocation& location, Findings& findings);
[[nodiscard]] std::vector<Prefix> prefixes_of(const Settings& settings, std::string_view key,
                                              Findings& findings);
[[nodiscard]] std::vector<std::string> interfaces_of(const Settings& settings, std::string_view key,
                                                     Findings& findings);

}  // namespace weir
