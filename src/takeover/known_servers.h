// What a gateway has learnt of servers and services, out of its pool for a successor and into the
// successor's.
//
// No state; main thread.
#pragma once

#include <memory>
#include <vector>

#include "dns/resolver.h"
#include "takeover/gateway_state.h"
#include "weir/server.h"
#include "weir/service.h"

namespace weir {

void describe_servers(ServerPool& pool, const Resolver::Known& known, takeover::GatewayState& out);

// Holds what was restored until a snapshot does.
struct RestoredServers {
  std::vector<std::shared_ptr<Server>> servers;
  std::vector<std::shared_ptr<Service>> services;
};
[[nodiscard]] RestoredServers restore_servers(const takeover::GatewayState& from, ServerPool& pool);

}  // namespace weir
