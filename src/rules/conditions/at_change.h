// What becomes of live flows when a window of their rule opens or closes: the key `at-change` of
// the condition `when`, for what ends flows.
//
// A pure function; any thread.
#pragma once

#include "base/condition.h"

namespace weir {

// Whether live flows that come to its rule by the clock, or leave it so, end. Of other conditions
// than `when`: false.
[[nodiscard]] bool ends_flows(const RuleCondition& condition);

}  // namespace weir
