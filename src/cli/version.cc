#include "cli/version.h"

#include <fmt/core.h>

#include <string>

#include "upstream/registry.h"

namespace weir {

int run_version(bool json) {
  std::string types;
  for (const PolicyType& policy : policies()) {
    types += types.empty() ? "" : json ? "\",\"" : " ";
    types += policy.name;
  }
  if (json) {
    fmt::print(
        "{{\"version\":\"{}\",\"upstream_types\":[\"{}\"],\"firewall\":[\"nft\",\"iptables\"]}}\n",
        WEIR_VERSION, types);
  } else {
    fmt::print("weir {}\nupstream types: {}\nfirewall: nft iptables\n", WEIR_VERSION, types);
  }
  return 0;
}

}  // namespace weir
