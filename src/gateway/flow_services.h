// What the flows of one worker have in common: its loop and clock, its counters, its share of what
// all workers share, and the way a record goes out. Made by the worker, lent to its flows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "account/flow_id.h"
#include "account/reason.h"
#include "account/record.h"
#include "base/deadlines.h"
#include "base/log.h"
#include "gateway/admission.h"
#include "gateway/flow_core.h"
#include "gateway/loop_guard.h"
#include "gateway/snapshot.h"
#include "loop/edge_poll.h"

namespace weir {

class FlowServices {
 public:
  FlowServices(std::size_t worker, EdgePoll& poll, Deadlines& deadlines, Admission& admission,
               LoopGuard& loop_guard, Log& log, FlowIds ids);

  [[nodiscard]] EdgePoll& poll() { return poll_; }
  [[nodiscard]] Deadlines& deadlines() { return deadlines_; }
  [[nodiscard]] Admission& admission() { return admission_; }
  [[nodiscard]] LoopGuard& loop_guard() { return loop_guard_; }
  [[nodiscard]] Log& log() { return log_; }
  [[nodiscard]] Reasons& reasons() { return reasons_; }
  [[nodiscard]] const Reasons& reasons() const { return reasons_; }
  [[nodiscard]] std::size_t worker() const { return worker_; }

  // The configuration that new flows get.
  [[nodiscard]] const std::shared_ptr<const Snapshot>& snapshot() const { return snapshot_; }
  void use(std::shared_ptr<const Snapshot> snapshot) { snapshot_ = std::move(snapshot); }

  // A new flow's core, by the rules; not yet admitted.
  [[nodiscard]] FlowCore open(const Flow& flow);
  // Counts an admitted flow for its rule and upstream; closed() takes back what is counted as live.
  [[nodiscard]] Admission::Verdict admit(const FlowCore& core);
  void closed(const FlowCore& core);

  // Payload that moved, for the tallies.
  void moved(const FlowCore& core, std::uint64_t bytes_up, std::uint64_t bytes_down,
             std::uint64_t packets_up, std::uint64_t packets_down);

  [[nodiscard]] std::string id_of(const FlowCore& core) const;
  // How long the flow has waited for its connection, its handshake or the first byte.
  void took(const FlowCore& core, Latency latency, std::int64_t us);

  [[nodiscard]] const FlowIds& ids() const { return ids_; }
  // The number of a flow by its id.
  [[nodiscard]] std::optional<std::uint64_t> sequence_of(std::string_view id) const {
    return ids_.number(id);
  }
  // The record's fields that the core knows.
  [[nodiscard]] FlowRecord describe(const FlowCore& core) const;
  // Writes a record, if the flow's rule wants it written.
  void write(const FlowCore& core, FlowRecord record, End end, std::string_view error);
  // Hands what was written to the log. Called by the worker every few milliseconds.
  void flush_records();
  [[nodiscard]] bool has_records() const { return lines_ != 0; }

 private:
  std::size_t worker_;
  EdgePoll& poll_;
  Deadlines& deadlines_;
  Admission& admission_;
  LoopGuard& loop_guard_;
  Log& log_;
  FlowIds ids_;
  Reasons reasons_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::string records_;
  std::uint64_t lines_ = 0;
};

}  // namespace weir
