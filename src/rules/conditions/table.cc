#include "rules/conditions/table.h"

#include <array>

namespace weir {

extern const ConditionType when_condition;  // when.cc
extern const AddressItemType lan_item;      // lan.cc
extern const AddressItemType mac_item;      // mac.cc
extern const AddressItemType masked_item;   // masked.cc
extern const AddressItemType name_item;     // name.cc
extern const AddressItemType set_item;      // set.cc

namespace {

constexpr std::array table{
    &on_condition,        &client_condition, &destination_condition,
    &interface_condition, &when_condition,   &host_condition,
};

// The name of a set's file may look like any other item.
constexpr std::array items{
    &set_item, &lan_item, &mac_item, &name_item, &masked_item,
};

}  // namespace

ConditionTypes condition_types() { return table; }

AddressItemTypes address_item_types() { return items; }

}  // namespace weir
