#include "takeover/known_servers.h"

#include <atomic>
#include <utility>

namespace weir {

void describe_servers(ServerPool& pool, const Resolver::Known& known, takeover::GatewayState& out) {
  pool.each([&](const std::shared_ptr<Server>& server) {
    out.servers.push_back({.identity = server->identity(),
                           .health = server->health.saved(),
                           .weight = server->weight_override.load(std::memory_order_relaxed),
                           .status = server->status});
  });
  for (const auto& [name, due] : known.services) {
    const auto service = pool.service(name);
    out.services.push_back(
        {.name = name, .targets = service->targets(), .resolved = service->resolved});
  }
  out.known = known;
}

RestoredServers restore_servers(const takeover::GatewayState& from, ServerPool& pool) {
  RestoredServers out;
  for (const auto& known : from.servers) {
    auto server = pool.get(known.identity);
    server->health.restore(known.health);
    server->weight_override.store(known.weight, std::memory_order_relaxed);
    server->status = known.status;
    out.servers.push_back(std::move(server));
  }
  for (const auto& known : from.services) {
    auto service = pool.service(known.name);
    service->publish(known.targets);
    service->resolved = known.resolved;
    out.services.push_back(std::move(service));
  }
  return out;
}

}  // namespace weir
