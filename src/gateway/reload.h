// A new configuration while flows live. Everything that can fail happens before anything changes;
// then the log, the firewall's rules and the workers' snapshot follow, and the report is given when
// the last worker has the new snapshot. Live flows keep the one they opened with.
//
// One, in the Gateway; main thread, on its loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/control.h"
#include "base/log.h"
#include "config/load.h"
#include "flow/snapshot.h"
#include "gateway/in_force.h"
#include "gateway/own_firewall.h"
#include "gateway/workers.h"
#include "intercept/service_manager.h"
#include "weir/result.h"

namespace weir {

class Reload {
 public:
  using Answer = std::function<void(ReloadReport)>;

  // What a reload works with, besides the parts below.
  struct Source {
    // Reads the configuration; its sets beside those in force.
    std::function<Loaded(const SetTable* sets)> load;
    std::function<Result<>()> may;  // nothing forbids a reload now; or what does
    std::function<Result<>(const AdminSettings&)> reconfigure_admin;
    // That configuration is about to be in force; what has to be said of sets that are gone.
    std::function<std::vector<std::string>(const Configuration&)> forget_gone_sets;
    std::function<void()> entered;  // another configuration is in force, and the reload is over
  };

  Reload(Log& log, Source source, InForce& in_force, OwnFirewall& firewall, Workers& workers,
         const ServiceManager& service_manager);

  // One at a time: a request while one is under way gets the report of the next.
  void ask(Answer answer);
  [[nodiscard]] bool is_under_way() const { return !answering_.empty(); }

  struct Count {
    std::uint64_t done = 0;
    std::uint64_t refused = 0;
  };
  [[nodiscard]] const Count& count() const { return count_; }

 private:
  void begin();
  // The next snapshot, in force everywhere but here, in the workers and the firewall; null: the
  // report says why.
  std::shared_ptr<const Snapshot> prepare(ReloadReport& report);
  Result<> reconfigure(const Configuration& to);
  void go_back();
  void enter(const std::shared_ptr<const Snapshot>& next,
             const std::shared_ptr<ReloadReport>& report);
  void finish(const ReloadReport& report);
  void let_go_of_rotated_log(const ReloadReport& refused);

  Log& log_;
  Source source_;
  InForce& in_force_;
  OwnFirewall& firewall_;
  Workers& workers_;
  const ServiceManager& service_manager_;
  std::vector<Answer> waiting_;
  std::vector<Answer> answering_;
  Count count_;
};

}  // namespace weir
