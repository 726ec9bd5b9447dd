// What a flow adds to the counters of its rule, of its upstream and of the group's member that took
// it, and to the counts of its server, while it lives: in its worker's part, so without a lock. No
// state; the flow's worker's thread.
#pragma once

#include <cstdint>

#include "account/flow_counters.h"
#include "base/traffic.h"
#include "flow/flow_core.h"

namespace weir {

// The flow has a server and, through a group, a member: both count it as theirs.
inline void note_taken(const FlowCore& core) {
  if (core.server) {
    counts_of(core).opened();
  }
  if (core.rule->member_tally) {
    FlowCounters::Part& part = core.rule->member_tally->of(core.flow.worker);
    part.flows.add();
    part.live.add();
  }
}

// The same of a flow that another process has counted already.
inline void note_inherited(const FlowCore& core) {
  if (core.server) {
    counts_of(core).live.add();
  }
  if (core.rule->member_tally) {
    core.rule->member_tally->of(core.flow.worker).live.add();
  }
}

// It has ended, or goes on by others.
inline void note_left(const FlowCore& core) {
  if (core.server) {
    counts_of(core).live.subtract();
  }
  if (core.rule->member_tally) {
    core.rule->member_tally->of(core.flow.worker).live.own.subtract();
  }
}

// Payload that has moved.
inline void note_moved(const FlowCore& core, const Traffic& traffic) {
  const RuleEntry& rule = *core.rule;
  for (FlowCounters* counters :
       {rule.counters.get(), rule.upstream_counters.get(), rule.member_tally.get()}) {
    if (counters != nullptr) {
      each_count([](Counter& to, const std::uint64_t& more) { to.add(more); },
                 counters->of(core.flow.worker), traffic);
    }
  }
  if (core.server) {
    counts_of(core).moved(traffic);
  }
}

// How long the flow has waited for its connection, its handshake or the first byte.
inline void note_latency(const FlowCore& core, Latency latency, std::int64_t us) {
  const RuleEntry& rule = *core.rule;
  for (FlowCounters* counters :
       {rule.counters.get(), rule.upstream_counters.get(), rule.member_tally.get()}) {
    if (counters != nullptr) {
      counters->of(core.flow.worker).of(latency).add(us);
    }
  }
}

}  // namespace weir
