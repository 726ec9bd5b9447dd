// What differs between two configurations, by names. Plain values; any thread.
#pragma once

#include <string>
#include <vector>

namespace weir {

struct ConfigurationChanges {
  std::vector<std::string> rules_added, rules_removed, rules_changed;
  std::vector<std::string> servers_added, servers_removed, servers_changed;  // "UPSTREAM/SERVER"
};

}  // namespace weir
