// What clients have looked up, on its way from a gateway to its successor.
//
// Pure but for the names' own locks; main thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "flow/worker.h"
#include "takeover/gateway_state.h"
#include "weir/units.h"

namespace weir {

struct HandedNames {
  std::vector<takeover::GatewayState::LookedUp> names;  // the oldest first
  std::size_t left_out = 0;
};
// What was learnt at `since` or later and is not over, the newest of it where all of it would take
// more bytes.
[[nodiscard]] HandedNames hand_over_names(const LearntNames& from, Instant since, Instant now,
                                          std::size_t most_bytes);
// What is known there newer stays.
void take_over_names(std::span<const takeover::GatewayState::LookedUp> names, LearntNames& to);

}  // namespace weir
