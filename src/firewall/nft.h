// The ruleset in nft's words: a table `inet weir` of its own, replaced as a whole in one
// transaction. Pure text.
#pragma once

#include <string>

#include "firewall/ruleset.h"

namespace weir::firewall {

[[nodiscard]] std::string render_nft(const Ruleset& ruleset);

}  // namespace weir::firewall
