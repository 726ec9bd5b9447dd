#include "flow/egress_choice.h"

namespace weir {

int EgressChoice::choose(const Flow& flow, Route& route) {
  route.egress = {};
  if (!policy_.matter(route.remote.family())) {
    return 0;
  }
  const FirewallSettings& firewall = in_use_.snapshot->configuration().firewall;
  const int code = policy_.choose(
      flow, route,
      {.bypass = firewall.bypass_mark, .own = firewall.mark.mask | firewall.bypass_mark.mask});
  if (code == PolicyRouting::no_socket_can) {
    reasons_.add(Reason::policy_route);
  }
  return code;
}

}  // namespace weir
