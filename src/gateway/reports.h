// Answers what the admin interface asks of the running gateway: counters summed over the workers,
// and what it can be told to do.
//
// One, in the Gateway; main thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/control.h"
#include "base/log.h"
#include "gateway/firewall_counts.h"
#include "gateway/in_force.h"
#include "gateway/live_flows.h"
#include "gateway/own_firewall.h"
#include "gateway/reload.h"
#include "gateway/workers.h"

namespace weir {

class Reports final : public Control {
 public:
  struct Parts {
    InForce& in_force;
    OwnFirewall& firewall;
    FirewallCounts& firewall_counts;
    Workers& workers;
    LiveFlows& live_flows;
    Reload& reload;
    LearntNames& names;
    SetControl& sets;
  };
  Reports(Log& log, const Parts& parts, std::function<bool()> is_draining,
          std::function<void()> drain);

  [[nodiscard]] StatusReport status() override;
  void rules(std::chrono::seconds oldest, RulesAnswer answer) override;
  [[nodiscard]] std::vector<UpstreamReport> upstreams() override;
  [[nodiscard]] std::vector<WorkerReport> workers() override;
  void flows(const FlowFilter& filter, FlowsAnswer answer) override;
  void top_talkers(std::function<void(std::shared_ptr<const TopTalkers>)> answer) override;
  void close_flow(const std::string& id, std::function<void(bool)> answer) override;
  void drain() override { drain_(); }
  void set_log_level(LogLevel level) override;
  Result<> set_server(const std::string& upstream, const std::string& server,
                      const ServerChange& change) override;
  void release_firewall(std::function<void(const Result<>&)> answer) override;
  void reload(std::function<void(ReloadReport)> answer) override;

 private:
  [[nodiscard]] std::vector<RuleReport> rules_with(const firewall::Counts& in_firewall) const;

  Log& log_;
  Parts parts_;
  std::function<bool()> is_draining_;
  std::function<void()> drain_;
  Instant started_;
};

}  // namespace weir
