// What every live flow carries, whatever its protocol: its ends, its rule, its server and its
// start. A value. Part of the TcpFlow or UdpFlow; its worker's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "account/record.h"
#include "base/server_counts.h"
#include "flow/clients.h"
#include "flow/device_ref.h"
#include "flow/snapshot.h"
#include "flow/snapshot_ref.h"
#include "weir/flow.h"
#include "weir/route.h"
#include "weir/server.h"

namespace weir {

struct FlowCore {
  Flow flow;
  std::uint64_t sequence = 0;  // the number of its id (FlowIds)
  SnapshotRef snapshot;
  DeviceRef device;                 // the client's, as it was when the flow opened
  const RuleEntry* rule = nullptr;  // in the snapshot
  std::shared_ptr<Server> server;   // null where the policy has none
  Endpoint remote;                  // port 0: none was reached
  Endpoint source;                  // what the upstream side sees; port 0: unknown
  Instant opened;
  std::int32_t first_byte_us = static_cast<std::int32_t>(FlowRecord::unknown);
  Clients::Id client = 0;  // whose it is, once it is admitted
  std::uint16_t attempts = 0;
  std::uint8_t generation = 0;  // LoopGuard's
};

[[nodiscard]] inline std::int64_t since_opened(const FlowCore& core, Instant now) {
  return (now - core.opened).count();
}

// The same in four bytes: half an hour stands for all that is longer.
[[nodiscard]] inline std::int32_t soon_after_opened(const FlowCore& core, Instant now) {
  return static_cast<std::int32_t>(
      std::min<std::int64_t>(since_opened(core, now), std::numeric_limits<std::int32_t>::max()));
}

// The first byte has come.
inline void note_first_byte(FlowCore& core, Instant now) {
  core.first_byte_us = soon_after_opened(core, now);
}

// The flow goes by this route: to its server, and as what a group's member took.
inline void follow_route(FlowCore& core, const Route& route) {
  core.server = route.server;
  core.remote = route.remote;
  core.rule = &taken_by(*core.snapshot, *core.rule, route.member);
}

// What its worker counts of its server. REQUIRES: core.server
[[nodiscard]] inline ServerCounts::Part& counts_of(const FlowCore& core) {
  return core.server->counts().of(core.flow.worker);
}

}  // namespace weir
