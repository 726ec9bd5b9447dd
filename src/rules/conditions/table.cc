#include "rules/conditions/table.h"

#include <array>

namespace weir {

extern const ConditionType when_condition;  // when.cc

namespace {

constexpr std::array table{
    &on_condition, &client_condition, &destination_condition, &interface_condition, &when_condition,
};

constexpr std::array<const AddressItemType*, 0> items{};

}  // namespace

ConditionTypes condition_types() { return table; }

AddressItemTypes address_item_types() { return items; }

}  // namespace weir
