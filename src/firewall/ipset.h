// Long lists of addresses for iptables, which compares a packet with one prefix after another: they
// go into sets of the kernel's (ipset), which it looks up at once. nft has sets of its own: the
// same names, for those that are loaded over netlink (set_loader.h).
//
// A set is named after what is in it. Rules that are being replaced keep the sets that they look
// at, the same list in several rules is one set, and to install the same again changes nothing.
//
// Pure text; any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "firewall/plan.h"

namespace weir::firewall {

// Lists up to this length are as fast as rules.
inline constexpr std::size_t max_as_rules = 16;
// Without ipset: from here on `check` warns, and beyond that rules are refused.
inline constexpr std::size_t long_as_rules = 256;
inline constexpr std::size_t too_long_as_rules = 20'000;

// Whether a list becomes a set.
[[nodiscard]] bool is_set(Ruleset::LongLists long_lists, const std::vector<Prefix>& list);
// "weir-4-…": REQUIRES: the list has addresses of one family, at least one.
[[nodiscard]] std::string set_name(const std::vector<Prefix>& list);
inline constexpr std::string_view set_names_begin = "weir-";

// The lists that the rules look at in sets, by the sets' names.
[[nodiscard]] std::map<std::string, const std::vector<Prefix>*> named_sets(const Plan& plan);

// The sets that the rules look at, in the words of `ipset restore`; empty: none.
// REQUIRES: for_iptables() made the plan.
[[nodiscard]] std::string print_ipsets(const Plan& plan);
[[nodiscard]] std::vector<std::string> ipset_names(const Plan& plan);

// The longest list of addresses that would be rules, one each.
[[nodiscard]] std::size_t longest_as_rules(const Ruleset& ruleset);

}  // namespace weir::firewall
