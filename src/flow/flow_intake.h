// How flows of one worker come in and go out: a new one gets its number and its rule, is admitted
// within the limits, and counts for its client, its rule and its upstream until it is over.
//
// One per worker, lent to its flows; its thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "account/flow_id.h"
#include "account/reason.h"
#include "flow/admission.h"
#include "flow/client_devices.h"
#include "flow/clients.h"
#include "flow/dns_lookups.h"
#include "flow/flow_core.h"
#include "flow/in_use.h"
#include "flow/passing.h"

namespace weir {

class FlowIntake {
 public:
  struct Parts {
    std::size_t worker;
    const Instant& now;
    const InUse& in_use;
    FlowIds& ids;
    Admission& admission;
    Clients& clients;
    Passing& passing;
    Reasons& reasons;
    ClientDevices& devices;
    const DnsLookups& lookups;
  };
  explicit FlowIntake(const Parts& parts) : parts_(parts) {}

  // The client that a flow from that address counts for.
  [[nodiscard]] std::uint64_t client_key_of(const Address& address) const;

  // Whether some rule asks for the host: else no flow need be looked at for that.
  [[nodiscard]] bool asks_for_host() const { return parts_.in_use.snapshot->host_rules().any(); }
  // What the rules say while the host is not known, unless the flow's own is: its rule, and whether
  // another one may have it once its client has named a host, or none.
  [[nodiscard]] Snapshot::Choice look(const Flow& flow) const;
  [[nodiscard]] bool may_change(const Flow& flow) const {
    return asks_for_host() && look(flow).may_change;
  }
  // And whether such a rule may refuse or drop it.
  [[nodiscard]] bool may_refuse_by_host(const Flow& flow) const {
    return parts_.in_use.snapshot->host_rules().may_refuse(flow.destination.port);
  }
  [[nodiscard]] const Timeouts& timeouts() const {
    return parts_.in_use.snapshot->configuration().timeouts;
  }
  // A new flow's core, by the rules, or passing by; not yet admitted. The host that it names itself
  // counts alone; where it names none, or only an outer one, what its client looked up does.
  [[nodiscard]] FlowCore open(const Flow& flow) { return open(flow, look(flow)); }
  // The same where that was asked before. REQUIRES: in the same turn.
  [[nodiscard]] FlowCore open(const Flow& flow, const Snapshot::Choice& looked);
  // Counts an admitted flow for its rule and upstream; closed() takes back what is counted as live.
  [[nodiscard]] Admission::Verdict admit(FlowCore& core);
  // The same, and a refusal is not counted yet: another flow may give way.
  [[nodiscard]] Admission::Verdict try_to_admit(FlowCore& core,
                                                Admission::Slot slot = Admission::Slot::its_own);
  // Counts a flow that another process admitted.
  void adopt(FlowCore& core);
  void closed(const FlowCore& core);

 private:
  Parts parts_;
};

}  // namespace weir
