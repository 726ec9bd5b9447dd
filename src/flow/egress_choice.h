// The egress of new sockets of a worker: as policy rules of the router choose it for the flow's
// packets, within the marks of the configuration in use.
//
// One per worker; its thread.
#pragma once

#include "account/reason.h"
#include "flow/in_use.h"
#include "flow/policy_routing.h"
#include "weir/flow.h"
#include "weir/route.h"

namespace weir {

class EgressChoice {
 public:
  EgressChoice(PolicyRouting& policy, const InUse& in_use, Reasons& reasons)
      : policy_(policy), in_use_(in_use), reasons_(reasons) {}

  // Whether new flows of that family need to know their inbound interface.
  [[nodiscard]] bool needs_interface(Family family) const {
    return in_use_.snapshot->rules().needs_interface() || policy_.matter(family);
  }
  // Sets the egress that policy rules choose for the flow. 0, or why there is none (an errno).
  [[nodiscard]] int choose(const Flow& flow, Route& route);

 private:
  PolicyRouting& policy_;
  const InUse& in_use_;
  Reasons& reasons_;
};

}  // namespace weir
