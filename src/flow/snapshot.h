// One configuration as the workers use it: immutable, made by the main thread, shared by all. A
// flow keeps the snapshot it opened with, so a reload never changes anything under it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "account/flow_counters.h"
#include "base/configuration.h"
#include "flow/fitted_rules.h"
#include "flow/host_rules.h"
#include "sets/live_sets.h"
#include "weir/upstream.h"

namespace weir {

class UpstreamAssembly;

// A rule with what it leads to. The last entry of a snapshot is the gateway's default. Where that
// is a group, flows go by the entry of the member that took them (taken_by).
struct RuleEntry {
  std::string name;
  std::shared_ptr<const Upstream> upstream;
  std::shared_ptr<FlowCounters> counters;
  std::shared_ptr<FlowCounters> upstream_counters;
  LogFlows log = LogFlows::all;
  std::uint64_t max_flows = 0;             // 0: none
  std::uint64_t max_flows_per_client = 0;  // 0: none
  std::uint64_t key = 0;                   // hash of the name, for counts per client
  std::size_t place = 0;                   // among the entries of its snapshot
  std::vector<RuleEntry> by_member = {};   // of a group: the same rule for each member
  // Of such an entry; else empty and null.
  std::string member = {};
  std::shared_ptr<FlowCounters> member_tally = {};
  const Upstream* taken_by = nullptr;
};

class Snapshot {
 public:
  // The same configuration with upstreams laid out anew where what they were laid out from has
  // changed (an operator's weight, a service's records).
  struct Renewed {
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<Error> not_renewed;  // of upstreams that stay as they were (a file that is gone)
  };
  // Of flows of another process: by which rule and upstream they went.
  struct RuleBinding {
    std::string rule;
    std::string upstream;
    std::string member = {};  // of a group; else empty
    Mapping mapping = Mapping::per_flow;
  };
  // Makes snapshots, of what lives longer than any of them. The main thread.
  struct Maker {
    ServerPool& servers;
    CounterRegistry& rules;
    CounterRegistry& upstreams;
    std::uint64_t auto_max_flows;
    // What clients are known by, for the firewall; null: that does not matter.
    std::shared_ptr<const DeviceTable> devices = nullptr;
    const LiveSets* live_sets = nullptr;  // null: nothing is added to sets, nor removed

    // Carries upstreams over from `previous` (may be null) where nothing about them changed, so
    // that the turns of a balancer and mappings go on. Errors come only from what the configuration
    // let pass.
    [[nodiscard]] Result<std::shared_ptr<const Snapshot>> make(Configuration configuration,
                                                               const Snapshot* previous) const;
    [[nodiscard]] Renewed renew(const Snapshot& previous) const;
    // What flows of another process are counted for: the current rule and upstream of that name, or
    // something in their place that has the names. Its entries are the bindings, in their order; it
    // chooses nothing.
    [[nodiscard]] std::shared_ptr<const Snapshot> for_inherited(
        const Snapshot& current, std::span<const RuleBinding> bindings) const;
  };

  // The same with its rules on the machine as it is now; null: nothing of them has changed.
  static std::shared_ptr<const Snapshot> refit(const Snapshot& previous,
                                               const std::shared_ptr<const MachineHere>& machine);

  [[nodiscard]] const Configuration& configuration() const { return *configuration_; }
  // With the automatic values filled in.
  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] Mark bypass() const { return configuration_->firewall.bypass_mark; }
  [[nodiscard]] const FittedRules& rules() const { return *rules_; }

  // The entry of the flow's rule. `device`: who the client is; no function: that is not known.
  struct Choice {
    const RuleEntry& entry;
    bool may_change = false;  // as RuleSet::Decision
  };
  [[nodiscard]] Choice decide(const Flow& flow, const ClientDevice& device,
                              const KnownHost& host) const;
  [[nodiscard]] const RuleEntry& choose(const Flow& flow, const ClientDevice& device = {},
                                        const KnownHost& host = {}) const {
    return decide(flow, device, host).entry;
  }
  // The same rule for what passes by: it goes on to its own destination, as `transparent`.
  // REQUIRES: choose() gave it.
  [[nodiscard]] const RuleEntry& passing(const RuleEntry& entry) const {
    return passing_[static_cast<std::size_t>(&entry - entries_.data())];
  }
  [[nodiscard]] const HostRules& host_rules() const { return host_rules_; }
  // False for almost every address that no server has.
  [[nodiscard]] bool may_be_server(const Address& address) const {
    return server_addresses_->may_have(address);
  }

  [[nodiscard]] std::span<const RuleEntry> entries() const { return entries_; }
  [[nodiscard]] std::span<const std::shared_ptr<Upstream>> upstreams() const { return upstreams_; }

 private:
  Snapshot() = default;

  Result<> take_upstreams(const Maker& maker, UpstreamAssembly& assembly);

  std::shared_ptr<const Configuration> configuration_;
  Limits limits_;
  std::shared_ptr<const FittedRules> rules_;
  std::vector<RuleEntry> entries_;
  std::vector<RuleEntry> passing_;  // of each
  HostRules host_rules_;
  std::shared_ptr<const ServerAddresses> server_addresses_;
  std::vector<std::shared_ptr<Upstream>> upstreams_;  // sections, then built-ins in use
};

// What the firewall may decide alone, per rule; the last one is the default's.
[[nodiscard]] std::vector<Upstream::Handling> handlings_of(const Snapshot& snapshot);

// The entry by which a flow of that one is counted and recorded once a route's `member` has taken
// it; the same one where `member` is null. REQUIRES: an entry of that snapshot.
[[nodiscard]] const RuleEntry& taken_by(const Snapshot& snapshot, const RuleEntry& entry,
                                        const Upstream* member);

}  // namespace weir
