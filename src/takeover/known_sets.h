// What is added to sets and removed from them at run time, out of a gateway for its successor and
// into the successor.
//
// No state; main thread.
#pragma once

#include <cstddef>

#include "sets/live_sets.h"
#include "takeover/gateway_state.h"

namespace weir {

// So many items are left out, because they do not fit beside all that a gateway says of itself.
[[nodiscard]] std::size_t describe_sets(const LiveSets& sets, takeover::GatewayState& out);
// What cannot be read is left out.
[[nodiscard]] LiveSets restore_sets(const takeover::GatewayState& from);

}  // namespace weir
