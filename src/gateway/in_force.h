// The configuration in force: its snapshot, its servers with their names resolved and their health
// known, and what its rules and upstreams are counted by.
//
// One, in the Gateway; main thread, on its loop.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "account/flow_counters.h"
#include "admin/control.h"
#include "base/log.h"
#include "dns/resolver.h"
#include "flow/snapshot.h"
#include "gateway/known_devices.h"
#include "gateway/workers.h"
#include "health/checker.h"
#include "loop/loop.h"
#include "sets/live_sets.h"
#include "takeover/gateway_state.h"
#include "weir/server.h"

namespace weir {

class InForce {
 public:
  // What is known beside the configuration, and goes into every snapshot made here.
  struct Known {
    const KnownDevices& devices;
    LiveSets& live_sets;  // what lies over the lists
  };
  // `count`: of workers.
  InForce(Loop& loop, Log& log, Workers& workers, const Known& known, std::size_t count);

  // The first configuration; `earlier`: what the gateway knew that is being taken over, or null.
  // Servers are not looked after before begin().
  Result<> open(Configuration configuration, const takeover::GatewayState* earlier);
  Result<> begin(const takeover::GatewayState* earlier);

  [[nodiscard]] const std::shared_ptr<const Snapshot>& snapshot() const { return snapshot_; }
  [[nodiscard]] const Configuration& configuration() const { return snapshot_->configuration(); }
  // Of another configuration, with all that this one has of it; enter() puts it in force.
  [[nodiscard]] Result<std::shared_ptr<const Snapshot>> make(Configuration configuration);
  void enter(std::shared_ptr<const Snapshot> next);
  // For flows of another process (Snapshot::Maker::for_inherited), whose servers these are.
  void adopt(InheritedWorker from, Worker& worker);

  [[nodiscard]] Resolver& resolver() { return *resolver_; }
  // Null before begin().
  [[nodiscard]] Checker* checker() { return checker_.get(); }
  // What it knows of servers, and of sets, for a successor.
  void describe(takeover::GatewayState& out);

  Result<> set_server(const std::string& upstream, const std::string& server,
                      const ServerChange& change);
  // By the names of rules and upstreams.
  struct Counters {
    CounterRegistry rules;
    CounterRegistry upstreams;
  };
  [[nodiscard]] Counters& counters() { return counters_; }

 private:
  [[nodiscard]] Snapshot::Maker maker();
  [[nodiscard]] Snapshot::Maker maker_for(const Configuration& configuration);
  void watch_servers();
  void renew();
  void let_go_of_earlier();

  Loop& loop_;
  Log& log_;
  Workers& workers_;
  Known known_;
  ServerPool servers_;
  Counters counters_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<Checker> checker_;
  // Those that flows may still have. The last holder takes one apart, which takes milliseconds
  // where there are ten thousand rules: that is this thread, so that no worker's flows wait.
  std::vector<std::shared_ptr<const Snapshot>> earlier_;
  Timer later_;
};

}  // namespace weir
