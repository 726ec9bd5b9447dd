// A live flow while it is looked at: what is at hand at once, and a record if one is wanted. Valid
// only while it is looked at. The worker's thread.
#pragma once

#include <cstdint>
#include <functional>

#include "account/flow_filter.h"
#include "account/record.h"
#include "flow/flow_core.h"

namespace weir {

struct FlowView {
  FlowCore& core;
  std::uint64_t bytes;  // payload in both directions
  const std::function<FlowRecord()>& record;
};

[[nodiscard]] bool matches(const FlowFilter& filter, const FlowCore& core);

using Visit = std::function<void(const FlowView&)>;

}  // namespace weir
