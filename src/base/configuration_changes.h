// What differs between two configurations, by names. Plain values; any thread.
#pragma once

#include <string>
#include <vector>

namespace weir {

struct Configuration;

struct ConfigurationChanges {
  std::vector<std::string> rules_added, rules_removed, rules_changed;
  std::vector<std::string> servers_added, servers_removed, servers_changed;  // "UPSTREAM/SERVER"
  std::vector<std::string> settings;  // as settings_changed() names them
};

// What a reload can change besides rules and servers: "firewall.interfaces", "[upstream office]
// source",
// "[upstream office] added". Values are left out: one may be a password.
[[nodiscard]] std::vector<std::string> settings_changed(const Configuration& before,
                                                        const Configuration& after);

}  // namespace weir
