// The running gateway: makes its parts, wires them together, and starts and ends them in their
// order. Decides nothing about a flow.
//
// One per process, made by `weir run` and alive until it ends; main thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "admin/control_socket.h"
#include "admin/server.h"
#include "base/log.h"
#include "config/load.h"
#include "firewall/script.h"
#include "gateway/donor_gateway.h"
#include "gateway/draining.h"
#include "gateway/firewall_counts.h"
#include "gateway/in_force.h"
#include "gateway/known_devices.h"
#include "gateway/live_flows.h"
#include "gateway/looked_up_sets.h"
#include "gateway/own_firewall.h"
#include "gateway/reload.h"
#include "gateway/reports.h"
#include "gateway/router_watch.h"
#include "gateway/rule_fitting.h"
#include "gateway/set_changes.h"
#include "gateway/takeover_donor.h"
#include "gateway/takeover_successor.h"
#include "gateway/workers.h"
#include "intercept/service_manager.h"
#include "loop/loop.h"
#include "sets/live_sets.h"
#include "takeover/takeover_client.h"

namespace weir {

class Gateway {
 public:
  struct Options {
    // Reads the configuration, also for every reload; `sets` are those in force (cli/load.h).
    std::function<Loaded(const SetTable* sets)> load;
    UseFirewall firewall = UseFirewall::no;
    std::optional<firewall::Backend> backend;  // of its own rules; none: what is installed
    std::uint64_t descriptors = 0;             // RLIMIT_NOFILE, already raised
    // The gateway to take over from; null: this is the first.
    std::unique_ptr<TakeoverClient> takeover_client = nullptr;
    // Where a successor will find us; none: no successor can take over.
    std::optional<ControlSocket> takeover_socket = std::nullopt;
  };

  // Everything that can fail at start fails here, with one sentence. `configuration` is a valid
  // one.
  static Result<std::unique_ptr<Gateway>> start(Options options, Configuration configuration);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Serves until a signal ends it.
  void run();

 private:
  Gateway(Options options, std::size_t workers, std::unique_ptr<Log> log);

  Result<> open(Configuration configuration);
  Result<> open_workers();
  Result<> take_over();
  void announce();
  void await_successor();
  void watch_signals();
  void stop_watching_signals();
  void ping();
  [[nodiscard]] Reload::Source reload_source();
  [[nodiscard]] Draining::Callbacks draining_callbacks();
  [[nodiscard]] DonorGateway::Callbacks donor_callbacks();
  // Why the configuration cannot change now; or it can.
  [[nodiscard]] Result<> may_change() const;
  [[nodiscard]] RuleFitting::May rules_may() const;
  [[nodiscard]] std::function<void()> on_worker_drained();
  void drain();
  // Those that the drain had begun to replace.
  void rules_replaced(bool are_in_place);
  // Draining has moved on: it is called again when it wants to be.
  void follow_draining();
  [[nodiscard]] bool has_successor() const {
    return donor_gateway_ && donor_gateway_->successor() != 0;
  }
  [[nodiscard]] bool is_being_taken_over() const { return donor_ && donor_->is_under_way(); }

  Options options_;
  std::size_t count_;  // of workers
  std::unique_ptr<Log> log_;
  Loop loop_;
  Mailbox mailbox_;
  ServiceManager service_manager_;
  LearntNames learnt_names_;
  LookedUpSets looked_up_sets_;
  Workers workers_;
  KnownDevices devices_;
  LiveSets live_sets_;
  InForce in_force_;
  RouterWatch router_;
  OwnFirewall firewall_;
  FirewallCounts firewall_counts_;
  Reload reload_;
  RuleFitting rule_fitting_;
  SetChanges set_changes_;
  Draining draining_;
  Timer drain_timer_;
  LiveFlows live_flows_;
  Reports reports_;
  std::unique_ptr<AdminServer> admin_;
  std::vector<std::unique_ptr<Signal>> signals_;
  std::unique_ptr<Timer> watchdog_timer_;
  bool workers_answered_ = true;  // since the last ping
  std::size_t drained_workers_ = 0;
  std::uint64_t process_ = FlowIds::random_process();  // of the flows' ids
  std::unique_ptr<DonorGateway> donor_gateway_;
  std::unique_ptr<TakeoverDonor> donor_;
  bool served_ = false;
};

}  // namespace weir
