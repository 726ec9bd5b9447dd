// Which live flows somebody asked to see.
#pragma once

#include "admin/control.h"
#include "gateway/flow_core.h"

namespace weir {

[[nodiscard]] bool matches(const FlowFilter& filter, const FlowCore& core);

}  // namespace weir
