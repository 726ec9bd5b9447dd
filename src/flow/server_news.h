// What a UDP flow lets its server's health know. A datagram that is sent proves nothing: the first
// answer is a flow's success, and an end without any its failure; but only where answers are to be
// expected, because flows of the upstream have had some: syslog and NetFlow have none. Nor is a
// server to blame that has answered another flow since this one began to wait: it is there, and
// does not like what it was sent. A relay that stood is not to blame for what is behind it, and has
// had its success when it opened.
//
// No state; the flow's worker's thread.
#pragma once

#include <cstdint>

#include "flow/flow_core.h"

namespace weir {

inline void note_first_answer(const FlowCore& core, Instant now) {
  if (core.server) {
    core.server->note_success(now);
    core.server->health.note_heard(now);
  }
}

enum class Reached : std::uint8_t { directly, through_relay };

// `asked`: since when nothing was heard.
inline void note_silent_end(const FlowCore& core, Reached reached, Instant asked, Instant now) {
  if (core.server && reached == Reached::directly && !core.server->health.was_heard_since(asked) &&
      core.rule->upstream_counters->sum().packets_down != 0) {
    core.server->note_failure(now);
  }
}

}  // namespace weir
