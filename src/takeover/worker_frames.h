// What the workers hand over, as frames on the channel to the successor: as many as it takes, for
// one has room for only so many descriptors; and put together again by the successor.
//
// No state; main thread. The donor's workers are quiesced meanwhile.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "takeover/channel.h"
#include "takeover/gateway_state.h"
#include "takeover/messages.h"
#include "takeover/worker_state.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

// Everything of all workers, and what ends the row. `earlier`: the last numbers of workers that we
// have no more; `paused`: since when no flow is served.
[[nodiscard]] Result<> send_workers(takeover::Channel& channel, std::span<const WorkerState> parts,
                                    std::span<const std::uint64_t> earlier, Instant paused,
                                    Instant until);

// What send_workers() sent, and the names that came before it. Each message has so much time.
// Descriptors and numbers that do not agree are an error, and so is a refusal.
struct ReceivedWorkers {
  std::vector<takeover::GatewayState::LookedUp> looked_up;  // since the offer
  std::vector<InheritedWorker> workers;
  takeover::Ending ending;
};
[[nodiscard]] Result<ReceivedWorkers> receive_workers(takeover::Channel& channel,
                                                      Milliseconds timeout);

}  // namespace weir
