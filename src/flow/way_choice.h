// By which way new sockets of a worker leave: as policy rules of the router want it for the flow's
// packets, within the marks of the configuration in use.
//
// One per worker; its thread.
#pragma once

#include "account/reason.h"
#include "flow/in_use.h"
#include "flow/policy_ways.h"
#include "weir/flow.h"
#include "weir/route.h"

namespace weir {

class WayChoice {
 public:
  WayChoice(PolicyWays& ways, const InUse& in_use, Reasons& reasons)
      : ways_(ways), in_use_(in_use), reasons_(reasons) {}

  // Whether new flows of that family need to know their inbound interface.
  [[nodiscard]] bool needs_interface(Family family) const {
    return in_use_.snapshot->needs_interface() || ways_.matter(family);
  }
  // Sets the way that policy rules want the flow to take. 0, or why there is none (an errno).
  [[nodiscard]] int choose(const Flow& flow, Route& route);

 private:
  PolicyWays& ways_;
  const InUse& in_use_;
  Reasons& reasons_;
};

}  // namespace weir
