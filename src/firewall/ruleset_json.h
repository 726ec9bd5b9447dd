// The ruleset as JSON, for those who make their own rules of it: `weir firewall show --json`. A
// third renderer beside nft.h and iptables.h, and like them pure text.
#pragma once

#include <string>

#include "firewall/ruleset.h"

namespace weir::firewall {

// One object on one line.
[[nodiscard]] std::string ruleset_json(const Ruleset& ruleset);

}  // namespace weir::firewall
