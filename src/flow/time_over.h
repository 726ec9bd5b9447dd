// Which live flows end because the clock has gone on: those that the rules decide otherwise by the
// clock now than by the clock then, where the rule that they leave or the one that they come to has
// `at-change = close`. What else has changed meanwhile (a reload, a link, an address) ends no flow.
//
// Immutable; made by the main thread, and asked by all workers.
#pragma once

#include <cstddef>
#include <memory>

#include "base/local_clock.h"
#include "flow/flow_core.h"
#include "flow/snapshot.h"

namespace weir {

class TimeOver {
 public:
  // Null: no flow ends. REQUIRES: neither is null.
  [[nodiscard]] static std::shared_ptr<const TimeOver> since(
      const std::shared_ptr<const LocalClock>& then, std::shared_ptr<const Snapshot> now);

  // `device`: who the client is.
  [[nodiscard]] bool ends(const FlowCore& core, const ClientDevice& device) const;

 private:
  TimeOver(std::shared_ptr<const FittedRules> then, std::shared_ptr<const Snapshot> now);
  [[nodiscard]] bool closes(std::size_t place) const;

  std::shared_ptr<const FittedRules> then_;
  std::shared_ptr<const Snapshot> now_;
};

}  // namespace weir
