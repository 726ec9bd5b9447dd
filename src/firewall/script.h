// The POSIX shell scripts that install and remove a ruleset with its policy routes. `show` prints
// them, `apply` and `remove` run them: what an operator reads is what happens. Pure text.
//
// Both are idempotent and know weir's own things without knowing which configuration made them:
// table `inet weir`, chains WEIR…, and rules and routes by their protocol number.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "firewall/lower.h"
#include "firewall/ruleset.h"

namespace weir::firewall {

// The number that `ip rule` and `ip route` show as `proto`; no other program's in
// /etc/iproute2/rt_protos.
constexpr int route_protocol = 237;
// Where the policy rules stand (see policy_rules.cc): before the main table (32766) and what
// multi-WAN tools usually add; after `local` (0).
constexpr int diverted_priority = 48;
constexpr int reverse_lookup_priority = 49;
constexpr int rule_priority = 50;
constexpr int past_priority = 51;

// With NftLists::in_sets the sets that nft's rules name stand already.
[[nodiscard]] std::string apply_script(const Ruleset& ruleset, Backend backend,
                                       NftLists lists = NftLists::in_rules);
// As weir itself applies it, to tell one from another and for when it ends.
[[nodiscard]] inline std::string own_script(const Ruleset& ruleset, Backend backend) {
  return apply_script(ruleset, backend, NftLists::in_sets);
}
[[nodiscard]] std::string remove_script(Backend backend);
// Only what iptables' rules know of nat's: see shell_nat.h.
[[nodiscard]] std::string nat_script(const Ruleset& ruleset);
// Only the opening in iptables' INPUT: see shell_input.h.
[[nodiscard]] std::string input_script(const Ruleset& ruleset);
// Only the policy routes, whichever rules there are.
[[nodiscard]] std::string routes_script(const Ruleset& ruleset);

}  // namespace weir::firewall
