// Which live flows somebody asked to see.
#pragma once

#include "account/record.h"
#include "admin/control.h"

namespace weir {

// Addresses of the filter may be an address, an ADDRESS:PORT or a prefix.
[[nodiscard]] bool matches(const FlowFilter& filter, const FlowRecord& record);

}  // namespace weir
