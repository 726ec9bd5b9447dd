// The texts that put a plan in the place of nft rules of weir's that stand, and let no packet by
// meanwhile. Pure text; any thread.
//
// To delete the table and make it anew, in one transaction, is not enough. A packet passes one hook
// after the other and asks at each which generation of the rules holds: with two chains at one
// hook, the old and the new, it may meet the one before the change and the other after it, and no
// rule at all. And a set is not as old as the chain that asks it: its members are looked up in the
// generation of that moment, and those of intervals are in place only at the transaction's end.
//
// So chains that have hooks stay, the rules in them ask no set (for_nft.cc), and a replacement is
// three transactions: the new chains, with their sets, are made beside the old ones; then the hooks
// lead to them; then the old ones go and leave the new ones their names. A packet meets the old
// rules or the new ones, each with its sets whole.
//
// Measured on a busy machine, by counting the datagrams that went on without weir's mark (4,500 a
// second, each of a new flow): with the table made anew 60 in 176 replacements; with the chains
// kept, in one transaction, 8 in 256.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firewall/plan.h"

namespace weir::firewall {

// One text for each transaction, in order; after an error the table is to be made anew
// (print_nft.h). `listing`: what nft lists of the table, without counters' values. Counters of the
// same name go on. Nothing: no rules stand, or others have been at work on them. REQUIRES:
// for_nft() made the plan.
[[nodiscard]] std::vector<std::string> replace_nft(const Plan& plan, std::string_view listing);

// One transaction for the same where that is not possible: everything but the sets that the plan
// names is taken out of the table, and made anew. The counters, too.
[[nodiscard]] std::string remake_nft(const Plan& plan, std::string_view listing);

}  // namespace weir::firewall
