// What a UDP flow lets its server's health know. A datagram that is sent proves nothing: the first
// answer is a flow's success, and an end without any its failure.
#pragma once

#include <cstdint>

#include "gateway/flow_core.h"

namespace weir {

inline void note_first_answer(const FlowCore& core, Instant now) {
  if (core.server) {
    core.server->note_success(now);
  }
}

inline void note_idle_end(const FlowCore& core, std::uint64_t answers, Instant now) {
  if (core.server && answers == 0) {
    core.server->note_failure(now);
  }
}

}  // namespace weir
