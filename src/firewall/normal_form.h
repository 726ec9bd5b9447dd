// Lists of ports and prefixes in the form that the renderers need: one family, ascending, nothing
// in them twice. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "firewall/ruleset.h"
#include "weir/endpoint.h"

namespace weir::firewall {

[[nodiscard]] Ports joined(std::vector<Ports::Range> ranges);

// The prefixes of one family, without those that another one covers.
[[nodiscard]] std::vector<Prefix> of_family(std::span<const Prefix> prefixes, Family family);

// What two conditions ask of a packet of this family; none when no packet of it can meet them.
[[nodiscard]] std::optional<Addresses> addresses_of(const AddressCondition& client,
                                                    const AddressCondition& destination,
                                                    Family family);

}  // namespace weir::firewall
