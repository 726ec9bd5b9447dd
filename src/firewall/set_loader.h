// Puts long lists of addresses into sets of nft's, for rules that name them (ipset.h says which,
// and what they are called): over netlink, in parts, beside the rules that hold. No rule asks a set
// before it is whole: the next transaction, of nft's, leads rules to it and lets go of the one from
// before. An error leaves rules and sets as they were.
//
// No state. Blocks for as long as the kernel works, some 4 microseconds for each prefix and much
// longer where a program listens to nft's changes (docs/tuning.md): the firewall's thread, or a
// command's. Needs CAP_NET_ADMIN.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/prefix.h"
#include "firewall/plan.h"
#include "weir/result.h"

namespace weir::firewall {

// Has the kernel do a transaction (nft_transaction.h) and waits for it. → 0, or the errno of what
// it refuses: then nothing of it is done.
[[nodiscard]] int transact(const Descriptor& socket, const std::vector<std::byte>& transaction);

// Makes the set, or fills it anew; the table `inet weir` where it is not there. Takes back what it
// has made when it fails. REQUIRES: as SetMessages.
[[nodiscard]] Result<> load_set(const std::string& name, std::span<const Prefix> prefixes);

// Loads the sets that the plan's rules name and that do not stand, whole, in the table; `listing`:
// what installed_text() says of that. → the names of those that it has made. REQUIRES: for_nft()
// made the plan.
[[nodiscard]] Result<std::vector<std::string>> load_sets(const Plan& plan,
                                                         std::string_view listing);
// Takes away those that it made, as far as no rule names them.
void drop_sets(const std::vector<std::string>& names);

// The names of those that do not stand. A set that no rule names may be half of one.
[[nodiscard]] std::vector<std::string> missing_sets(const Plan& plan, std::string_view listing);
// The line by which a listing says how much is in a set.
[[nodiscard]] std::string elements_line(std::size_t count);

// How much the kernel has in a set of the table; none: it does not say (before Linux 6.16), or
// there is no such set.
[[nodiscard]] std::optional<std::uint32_t> count_in_kernel(const std::string& name);
// Whether that is all of a list's elements (SetMessages::count_elements). The kernel counts those
// of intervals by pairs; another kind of set may do without.
[[nodiscard]] constexpr bool is_whole(std::size_t counted, std::size_t elements) {
  return counted == elements / 2 || counted == (elements + 1) / 2 || counted == elements;
}

}  // namespace weir::firewall
