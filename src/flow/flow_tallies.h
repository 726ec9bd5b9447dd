// What a flow adds to the tallies of its rule and upstream, and to the counts of its server, while
// it lives: in its worker's part, so without a lock. No state; the flow's worker's thread.
#pragma once

#include <cstdint>

#include "account/tally.h"
#include "base/traffic.h"
#include "flow/flow_core.h"

namespace weir {

// Payload that has moved.
inline void note_moved(const FlowCore& core, const Traffic& traffic) {
  for (Tally* tally : {core.rule->tally.get(), core.rule->upstream_tally.get()}) {
    each_count([](Counter& to, const std::uint64_t& more) { to.add(more); },
               tally->of(core.flow.worker), traffic);
  }
  if (core.server) {
    counts_of(core).moved(traffic);
  }
}

// How long the flow has waited for its connection, its handshake or the first byte.
inline void note_latency(const FlowCore& core, Latency latency, std::int64_t us) {
  core.rule->tally->of(core.flow.worker).of(latency).add(us);
  core.rule->upstream_tally->of(core.flow.worker).of(latency).add(us);
}

}  // namespace weir
