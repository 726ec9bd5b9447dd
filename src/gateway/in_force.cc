// A new snapshot is made when a service's records or an operator's weight lay an upstream out anew,
// and when the configuration is another one. Live flows notice nothing of it.
#include "gateway/in_force.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "takeover/known_servers.h"
#include "takeover/known_sets.h"

namespace weir {
namespace {

std::vector<Snapshot::RuleBinding> bindings_of(const InheritedWorker& worker) {
  std::vector<Snapshot::RuleBinding> out;
  for (const auto& binding : worker.part.bindings) {
    out.push_back({.rule = binding.rule,
                   .upstream = binding.upstream,
                   .member = binding.member,
                   .mapping = binding.per_client ? Mapping::per_client : Mapping::per_flow});
  }
  return out;
}

}  // namespace

InForce::InForce(Loop& loop, Log& log, Workers& workers, const Known& known, std::size_t count)
    : loop_(loop),
      log_(log),
      workers_(workers),
      known_(known),
      servers_({}, count),
      counters_{CounterRegistry(count), CounterRegistry(count)},
      later_(loop, [this]() { let_go_of_earlier(); }) {}

Snapshot::Maker InForce::maker() {
  return {.servers = servers_,
          .rules = counters_.rules,
          .upstreams = counters_.upstreams,
          .auto_max_flows = workers_.auto_max_flows(),
          .live_sets = &known_.live_sets};
}

Snapshot::Maker InForce::maker_for(const Configuration& configuration) {
  Snapshot::Maker out = maker();
  out.devices = known_.devices.table_for(configuration.devices);
  return out;
}

Result<> InForce::open(Configuration configuration, const takeover::GatewayState* earlier) {
  const RestoredServers held =
      earlier != nullptr ? restore_servers(*earlier, servers_) : RestoredServers{};
  if (earlier != nullptr) {
    known_.live_sets = restore_sets(*earlier);
  }
  if (configuration.set_table != nullptr) {
    for (const LiveSets::Left& gone : known_.live_sets.keep(*configuration.set_table)) {
      log_.warning(what_is_gone(gone));
    }
  }
  const Snapshot::Maker first = maker_for(configuration);
  auto made = first.make(std::move(configuration), nullptr);
  if (!made) {
    return made.error();
  }
  snapshot_ = std::move(made).value();
  return Ok{};
}

Result<> InForce::begin(const takeover::GatewayState* earlier) {
  const Configuration& from = configuration();
  auto resolver = Resolver::make(loop_, from.dns, from.firewall.bypass_mark, log_);
  if (!resolver) {
    return resolver.error();
  }
  resolver_ = std::move(resolver).value();
  if (earlier != nullptr) {
    resolver_->adopt(earlier->known);
  }
  checker_ = std::make_unique<Checker>(loop_, log_, from.firewall.bypass_mark);
  resolver_->on_services_changed([this]() { renew(); });
  watch_servers();
  return Ok{};
}

Result<std::shared_ptr<const Snapshot>> InForce::make(Configuration configuration) {
  const Snapshot::Maker next = maker_for(configuration);
  return next.make(std::move(configuration), snapshot_.get());
}

void InForce::enter(std::shared_ptr<const Snapshot> next) {
  earlier_.push_back(std::exchange(snapshot_, std::move(next)));
  let_go_of_earlier();
  watch_servers();
}

// One that is held here alone stays so: what holds none cannot come by one.
void InForce::let_go_of_earlier() {
  constexpr Milliseconds pause{1'000};
  std::erase_if(earlier_, [](const auto& one) { return one.use_count() == 1; });
  if (!earlier_.empty()) {
    later_.once(pause);
  }
}

void InForce::adopt(InheritedWorker from, Worker& worker) {
  const auto bindings = bindings_of(from);
  for (const auto& server : from.part.servers) {
    from.servers.push_back(servers_.get({.upstream = server.upstream,
                                         .name = server.name,
                                         .host = server.host,
                                         .port = server.port}));
  }
  earlier_.push_back(maker().for_inherited(*snapshot_, bindings));
  worker.adopt(std::move(from), earlier_.back());
  let_go_of_earlier();
}

void InForce::describe(takeover::GatewayState& out) {
  describe_servers(servers_, resolver_->known(), out);
  if (const std::size_t left_out = describe_sets(known_.live_sets, out); left_out != 0) {
    log_.warning(
        "sets have more items that were added or removed at run time than a takeover hands "
        "on: " +
        std::to_string(left_out) + " of them are not");
  }
}

void InForce::watch_servers() {
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

void InForce::renew() {
  auto renewed = maker().renew(*snapshot_);
  for (const Error& error : renewed.not_renewed) {
    log_.warning("the servers stay as they were: " + error.text());
  }
  enter(std::move(renewed.snapshot));
  workers_.post([next = snapshot_](Worker& self) { self.use(next); });
}

Result<> InForce::set_server(const std::string& upstream, const std::string& server,
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
  if (change.admin_state) {
    (*found)->health.set_admin_state(*change.admin_state, clock_now());
    checker_->observe();
  }
  if (change.weight) {
    (*found)->weight_override.store(*change.weight, std::memory_order_relaxed);
    log_.info("server " + upstream + "/" + server + " has weight " +
              std::to_string(*change.weight) + ", set by the operator");
    renew();
  }
  return Ok{};
}

}  // namespace weir
