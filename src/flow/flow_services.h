// What the flows of one worker have in common: its loop and clock, its counters, its share of what
// all workers share, and the way a record goes out. One per worker, lent to its flows; its thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "account/flow_id.h"
#include "account/reason.h"
#include "account/record.h"
#include "base/log.h"
#include "base/wall_time.h"
#include "flow/admission.h"
#include "flow/client_key.h"
#include "flow/clients.h"
#include "flow/flow_core.h"
#include "flow/passing.h"
#include "flow/policy_ways.h"
#include "flow/snapshot.h"
#include "intercept/neighbours.h"

namespace weir {

class FlowServices {
 public:
  struct Parts {
    std::size_t worker;
    const Instant& now;
    Admission& admission;
    Passing& passing;
    PolicyWays& ways;
    Reasons& reasons;
    Log& log;
  };
  FlowServices(const Parts& parts, FlowIds ids) : parts_(parts), ids_(std::move(ids)) {}

  [[nodiscard]] std::uint16_t worker() const { return static_cast<std::uint16_t>(parts_.worker); }
  // The configuration that new flows get.
  [[nodiscard]] const std::shared_ptr<const Snapshot>& snapshot() const { return snapshot_; }
  void use(std::shared_ptr<const Snapshot> snapshot) { snapshot_ = std::move(snapshot); }

  // The neighbours on our own links; the main thread sends them by way of the worker.
  void use(std::shared_ptr<const Neighbours> neighbours) { neighbours_ = std::move(neighbours); }
  // The client that a flow from that address counts for.
  [[nodiscard]] std::uint64_t client_key_of(const Address& address) const {
    return client_key(address, snapshot_->limits(), neighbours_.get());
  }
  [[nodiscard]] Clients& clients() { return clients_; }

  // A new flow's core, by the rules, or passing by; not yet admitted.
  [[nodiscard]] FlowCore open(const Flow& flow);
  // Counts an admitted flow for its rule and upstream; closed() takes back what is counted as live.
  [[nodiscard]] Admission::Verdict admit(FlowCore& core);
  // The same, and a refusal is not counted yet: another flow may give way.
  [[nodiscard]] Admission::Verdict try_to_admit(FlowCore& core,
                                                Admission::Place place = Admission::Place::its_own);
  // Counts a flow that another process admitted.
  void adopt(FlowCore& core);
  void closed(const FlowCore& core);

  // Payload that moved, for the tallies.
  void moved(const FlowCore& core, const Traffic& traffic);

  // Whether new flows of that family need to know their inbound interface.
  [[nodiscard]] bool needs_interface(Family family) const {
    return snapshot_->needs_interface() || parts_.ways.matter(family);
  }
  // Sets the way that policy rules want the flow to take. 0, or why there is none (an errno).
  [[nodiscard]] int choose_way(const Flow& flow, Route& route);

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
  Parts parts_;
  FlowIds ids_;
  mutable WallClock wall_clock_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<const Neighbours> neighbours_;
  Clients clients_;
  std::string records_;
  std::uint64_t lines_ = 0;
};

}  // namespace weir
