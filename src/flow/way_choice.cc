#include "flow/way_choice.h"

namespace weir {

int WayChoice::choose(const Flow& flow, Route& route) {
  route.way = {};
  if (!ways_.matter(route.remote.family())) {
    return 0;
  }
  const FirewallSettings& firewall = in_use_.snapshot->configuration().firewall;
  const int code = ways_.choose(
      flow, route,
      {.bypass = firewall.bypass_mark, .own = firewall.mark.mask | firewall.bypass_mark.mask});
  if (code == PolicyWays::no_socket_can) {
    reasons_.add(Reason::policy_route);
  }
  return code;
}

}  // namespace weir
