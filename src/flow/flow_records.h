// The records of one worker's flows: described from what every flow has, written where its rule
// wants it, gathered, and handed to the log some at a time.
//
// One per worker, lent to its flows; its thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "account/flow_id.h"
#include "account/reason.h"
#include "account/record.h"
#include "base/log.h"
#include "base/wall_time.h"
#include "flow/flow_core.h"

namespace weir {

class FlowRecords {
 public:
  struct Parts {
    const FlowIds& ids;
    const Instant& now;
    Reasons& reasons;
    Log& log;
  };
  explicit FlowRecords(const Parts& parts) : parts_(parts) {}

  // The record's fields that the core knows. `path`: its `server`, where that is a chain of them.
  [[nodiscard]] FlowRecord describe(const FlowCore& core, std::string_view path = {}) const;
  // Writes a record, if the flow's rule wants it written.
  void write(const FlowCore& core, FlowRecord record, End end, std::string_view error);
  // Hands what was written to the log. Called by the worker every few milliseconds.
  void flush();
  // Whether there is something to hand over.
  [[nodiscard]] bool are_waiting() const { return lines_ != 0; }

 private:
  Parts parts_;
  mutable WallClock wall_clock_;
  std::string written_;
  std::uint64_t lines_ = 0;
};

}  // namespace weir
