// What the main thread does for the servers of the configuration in force: their names, their
// health, and a new snapshot when a service's records or an operator's weight lay an upstream out
// anew. Live flows notice nothing of it.
#include <algorithm>

#include "gateway/gateway.h"

namespace weir {

void Gateway::look_after_servers() {
  for (const auto& upstream : snapshot_->upstreams()) {
    const ServerSet* set = upstream->server_set();
    if (set == nullptr) {
      continue;
    }
    set->enter_force();
    for (const auto& server : set->servers()) {
      resolver_->track(server);
    }
    for (const auto& service : set->services()) {
      resolver_->track(service);
    }
  }
  checker_->follow(snapshot_->upstreams());
}

void Gateway::renew_snapshot() {
  auto renewed = Snapshot::renew(*snapshot_, inventory());
  for (const Error& error : renewed.not_renewed) {
    log_->warning("servers stay as they were laid out before: " + error.text());
  }
  snapshot_ = std::move(renewed.snapshot);
  look_after_servers();
  for (const auto& worker : workers_) {
    worker->post([next = snapshot_](Worker& self) { self.use(next); });
  }
}

Result<> Gateway::set_server(const std::string& upstream, const std::string& server,
                             const ServerChange& change) {
  const auto upstreams = snapshot_->upstreams();
  const auto at = std::find_if(upstreams.begin(), upstreams.end(),
                               [&](const auto& one) { return one->name() == upstream; });
  if (at == upstreams.end()) {
    return Error("there is no upstream '" + upstream + "'");
  }
  const auto servers = (*at)->servers();
  const auto found = std::find_if(servers.begin(), servers.end(),
                                  [&](const auto& one) { return one->identity().name == server; });
  if (found == servers.end()) {
    return Error("upstream '" + upstream + "' has no server '" + server + "'");
  }
  if (change.wish) {
    (*found)->health.set_wish(*change.wish, clock_now());
    checker_->observe();
  }
  if (change.weight) {
    (*found)->weight_override.store(*change.weight, std::memory_order_relaxed);
    log_->info("server " + upstream + "/" + server + " has weight " +
               std::to_string(*change.weight) + " by the operator");
    renew_snapshot();
  }
  return Done{};
}

}  // namespace weir
