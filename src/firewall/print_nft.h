// A plan in nft's words: a table `inet weir` of its own. replace_nft.h puts it in another one's
// place. Pure text; any thread.
#pragma once

#include <string>

#include "firewall/plan.h"

namespace weir::firewall {

// A set of pairs (name_rules.h), as it stands in the table: nothing is in it.
[[nodiscard]] std::string print_name_set(const std::string& name);

// What makes the table, in place of one that may be there. REQUIRES: for_nft() made the plan.
[[nodiscard]] std::string print_nft(const Plan& plan);
// The table alone. REQUIRES: for_nft() made the plan.
[[nodiscard]] std::string print_nft_table(const Plan& plan);

// As nft lists it, too.
[[nodiscard]] std::string nft_hook(const Hook& hook);

// The ruleset's plan, lowered and printed.
[[nodiscard]] std::string render_nft(const Ruleset& ruleset);

}  // namespace weir::firewall
