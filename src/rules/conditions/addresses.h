// What `client` and `destination` have in common: how their lists are read, and why an address is
// not in one. No state; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/address_match.h"
#include "config/findings.h"
#include "rules/conditions/table.h"
#include "weir/settings.h"

namespace weir {

// What a key says. Items of the kinds given are theirs; any other one is an address or a prefix.
[[nodiscard]] AddressCondition address_list(const Settings& settings, std::string_view key,
                                            FlowEnd end, AddressItemTypes types,
                                            Findings& findings);

// "client 192.0.2.1 is not in 198.51.100.0/24". REQUIRES: it is not.
[[nodiscard]] std::string why_not_in(const AddressCondition& list, std::string_view what,
                                     FlowEnd end, const FlowFacts& facts);

}  // namespace weir
