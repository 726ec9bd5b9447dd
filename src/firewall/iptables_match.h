// Interfaces and ports in iptables' words.
#pragma once

#include <string>
#include <vector>

#include "firewall/ruleset.h"

namespace weir::firewall {

// As many matches as it takes: one for each interface (or none), protocol, and group of ports that
// `-m multiport` can hold. "-i "lan" -p tcp -m multiport --dports 80,8000:8100 ".
[[nodiscard]] std::vector<std::string> flow_matches(const std::vector<std::string>& interfaces,
                                                    const Ports& tcp, const Ports& udp);

}  // namespace weir::firewall
