// The ruleset in the words of iptables-restore and ip6tables-restore: chains of its own, named
// WEIR…, in the tables mangle and filter. Restoring replaces their contents in one step a table and
// touches no other chain; the jumps into them are the script's business (script.h). Pure text.
#pragma once

#include <string>

#include "firewall/ruleset.h"
#include "weir/endpoint.h"

namespace weir::firewall {

[[nodiscard]] std::string render_iptables(const Ruleset& ruleset, Family family);

}  // namespace weir::firewall
