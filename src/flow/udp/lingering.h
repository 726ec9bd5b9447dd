// DNS flows: which of a flow's queries wait for their answers (PendingQueries), and the flows that
// have all their answers and linger for a second in case more comes. A busy resolver opens a flow
// for every query: those that have been answered must not take the descriptors, or what limits
// allow, from those that wait.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

#include "flow/admission.h"
#include "flow/udp/flow_table.h"
#include "flow/udp/lingering_flows.h"
#include "flow/udp/pending_queries.h"
#include "flow/udp/relays.h"
#include "flow/udp/udp_flow.h"

namespace weir {

class Lingering {
 public:
  // Two are what one name costs most clients (A and AAAA).
  using Queries = PendingQueries<3>;

  Lingering(FlowTable& flows, Relays& relays, const Admission& admission, const Instant& now,
            UdpOwner& owner)
      : flows_(flows), relays_(relays), admission_(admission), now_(now), owner_(owner) {}

  // What the client, or the server, of a flow to port 53 has sent: one datagram, or several of
  // `segment` bytes each. REQUIRES: is_to_dns_port().
  void asked(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment);
  void answered(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment);
  // The flow is about to go.
  void forget(UdpFlow& flow);

  // Where more flows linger than may, the longest lingering end; where sockets are scarce all of
  // them end, and parked relays and mappings close.
  void end_turn();

  // For a successor, and from another process.
  [[nodiscard]] Queries::Kept kept(const UdpFlow& flow) const;
  void restore(UdpFlow& flow, const Queries::Kept& kept, bool is_answered);

 private:
  void wait_again(UdpFlow& flow);
  void learn(UdpFlow& flow, const Queries& queries);

  FlowTable& flows_;
  Relays& relays_;
  const Admission& admission_;
  const Instant& now_;
  UdpOwner& owner_;
  LingeringFlows answered_;
  std::unordered_map<const UdpFlow*, Queries> queries_;  // of flows that have open ones
  std::uint64_t max_ = UINT64_MAX;  // by the limits on those that joined in this turn
};

}  // namespace weir
