// The ruleset as JSON, for operators who make their own rules of it: `weir firewall show --json`. A
// third renderer beside print_nft.h and print_iptables.h, and like them pure text. Any thread.
#pragma once

#include <string>

#include "firewall/ruleset.h"

namespace weir::firewall {

// One object on one line.
[[nodiscard]] std::string ruleset_json(const Ruleset& ruleset);

}  // namespace weir::firewall
