// The conditions that a rule can have: an explicit table. src/rules/README.md shows how to add one.
// Constant; any thread.
#pragma once

#include <span>

#include "base/address_item.h"
#include "base/condition.h"

namespace weir {

// In the order in which they are asked, and explained.
[[nodiscard]] ConditionTypes condition_types();

// What may stand in a list of clients or destinations besides addresses and prefixes.
using AddressItemTypes = std::span<const AddressItemType* const>;
[[nodiscard]] AddressItemTypes address_item_types();

// The ones that programs make rules of, or ask about. Any other row is declared in table.cc alone.
extern const ConditionType on_condition;           // on.cc; its values: std::vector<PortRange>
extern const ConditionType client_condition;       // addresses.cc: AddressMatch
extern const ConditionType destination_condition;  // addresses.cc: AddressMatch
extern const ConditionType interface_condition;    // interface.cc: std::vector<std::string>
extern const ConditionType host_condition;         // host.cc: HostMatch

}  // namespace weir
