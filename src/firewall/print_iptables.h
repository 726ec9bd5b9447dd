// A plan in the words of iptables-restore and ip6tables-restore: chains of weir's own in the tables
// mangle and filter. Restoring replaces their contents in one step a table and touches no other
// chain; the jumps into them are the script's business (script.h). Pure text; any thread.
#pragma once

#include <string>

#include "firewall/plan.h"
#include "weir/endpoint.h"

namespace weir::firewall {

// REQUIRES: for_iptables() made the plan.
[[nodiscard]] std::string print_iptables(const Plan& plan);
// The optional steps alone, each for the beginning of its chain: they need connlabel, which some
// kernels do not have. Then it goes without.
[[nodiscard]] std::string print_optional(const Plan& plan);

// The ruleset's plan, lowered and printed.
[[nodiscard]] std::string render_iptables(const Ruleset& ruleset, Family family);
[[nodiscard]] std::string render_masqueraded(const Ruleset& ruleset, Family family);

}  // namespace weir::firewall
