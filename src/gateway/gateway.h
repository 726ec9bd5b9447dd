// The running gateway: owns the configuration, the workers, the resolver and the admin interface,
// and wires them together. Decides nothing about a flow.
//
// Main thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/control.h"
#include "admin/server.h"
#include "base/log.h"
#include "config/load.h"
#include "dns/resolver.h"
#include "firewall/counters.h"
#include "firewall/install.h"
#include "firewall/keeper.h"
#include "firewall/ruleset.h"
#include "firewall/standing.h"
#include "gateway/admission.h"
#include "gateway/firewall_counts.h"
#include "gateway/handover.h"
#include "gateway/inheritance.h"
#include "gateway/offer.h"
#include "gateway/service_manager.h"
#include "gateway/snapshot.h"
#include "gateway/worker.h"
#include "health/checker.h"
#include "loop/loop.h"

namespace weir {

// Whether the gateway installs the firewall's rules itself (`weir run --firewall`).
enum class OwnFirewall : std::uint8_t { no, yes };

class Gateway final : public Control {
 public:
  struct Options {
    std::function<Loaded()> load;  // reads the configuration; also for every reload
    OwnFirewall firewall = OwnFirewall::no;
    std::optional<firewall::Backend> backend;  // of its own rules; none: what is installed
    std::uint64_t descriptors = 0;             // RLIMIT_NOFILE, already raised
    // The gateway to take over from; null: this is the first.
    std::unique_ptr<Inheritance> inheritance = nullptr;
    // Where a successor will find us; none: nobody can take over.
    std::optional<ControlSocket> takeover_socket = std::nullopt;
  };

  // Everything that can fail at start fails here, with one sentence. `configuration` is a valid
  // one.
  static Result<std::unique_ptr<Gateway>> start(Options options, Configuration configuration);
  ~Gateway() override;

  // Serves until a signal ends it.
  void run();

  [[nodiscard]] StatusReport status() override;
  [[nodiscard]] std::vector<RuleReport> rules() override;
  [[nodiscard]] std::vector<UpstreamReport> upstreams() override;
  [[nodiscard]] std::vector<WorkerReport> workers() override;
  void flows(const FlowFilter& filter, std::function<void(FlowList)> answer) override;
  void busiest(std::function<void(std::shared_ptr<const Busiest>)> answer) override;
  void close_flow(const std::string& id, std::function<void(bool)> answer) override;
  void drain() override;
  void set_log_level(LogLevel level) override;
  Result<> set_server(const std::string& upstream, const std::string& server,
                      const ServerChange& change) override;
  void reload(std::function<void(ReloadReport)> answer) override;

 private:
  Gateway(Options options, std::size_t workers, std::unique_ptr<Log> log);

  Result<> open(Configuration configuration);
  Result<> open_admin();
  Result<> open_workers();
  [[nodiscard]] Worker::Shared shared();
  void announce();
  void watch_signals();
  void stop_watching_signals();

  // Servers of the snapshot in force: their names resolved, their health known (see pools.cc).
  void look_after_servers();
  void renew_snapshot();
  [[nodiscard]] Snapshot::Inventory inventory() {
    return {servers_, rule_tallies_, upstream_tallies_, admission_.auto_max_flows()};
  }

  // A new snapshot in force everywhere but in the workers; none: the report says why.
  std::shared_ptr<const Snapshot> prepare_reload(ReloadReport& report);
  Result<> start_firewall();
  Result<> keep(Result<std::unique_ptr<firewall::Keeper>> keeper);
  [[nodiscard]] firewall::Keeper::Around around_programs();
  Result<> replace_firewall(const Snapshot& next);
  Result<> replace_own_rules(const firewall::Ruleset& rules);
  void begin_reload();
  void finish_reload(const ReloadReport& report);

  // Draining (see draining.cc).
  bool let_new_flows_pass();
  void look_for_handshakes(Instant until);
  void stop_taking(Worker::Comers comers);
  void exit_when_drained();
  void finish();
  void exit_now();

  // Succession (see succession.cc).
  [[nodiscard]] Result<> check_fit(const Configuration& configuration) const;
  Result<> take_over();
  Result<> inherit_firewall();
  Result<> adopt_workers();
  void settle();
  void await_successor();
  Result<Handover::Means::Offered> offer();
  void handed_over(pid_t successor, std::uint64_t flows);
  void left_alone();

  // Tells the service manager that we are alive: this thread, and every worker.
  void beat();

  // While it lives, workers keep what a program being started may still hold open.
  class StartingProgram {
   public:
    explicit StartingProgram(Gateway& gateway) : gateway_(gateway) {
      gateway_.starting_program_.store(true);
    }
    ~StartingProgram() { gateway_.starting_program_.store(false); }
    StartingProgram(const StartingProgram&) = delete;
    StartingProgram& operator=(const StartingProgram&) = delete;

   private:
    Gateway& gateway_;
  };

  Options options_;
  std::unique_ptr<Log> log_;
  Loop loop_;
  Instant started_;
  Admission admission_;
  LoopGuard loop_guard_;
  ServerPool servers_;
  Tallies rule_tallies_;
  Tallies upstream_tallies_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<Checker> checker_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<AdminServer> admin_;
  std::vector<std::unique_ptr<Signal>> signals_;
  std::unique_ptr<Timer> drain_timer_;
  bool passes_by_ = false;               // the rules let pass what is new
  std::unique_ptr<Timer> handshakes_;    // of connections that began before the drain
  std::unique_ptr<Timer> last_answers_;  // to datagrams that came before the end of it
  ServiceManager service_manager_;
  std::unique_ptr<Timer> heart_;
  std::size_t silent_workers_ = 0;  // have not answered since the last beat
  // Whoever asked for a reload while one was under way gets the report of the next one.
  std::vector<std::function<void(ReloadReport)>> waiting_reloads_;
  std::vector<std::function<void(ReloadReport)>> reloading_;
  // Whoever asks within a second hears what was found for the first.
  static constexpr std::chrono::seconds busiest_is_fresh{1};
  std::shared_ptr<const Busiest> busiest_;
  Instant busiest_at_;
  std::vector<std::function<void(std::shared_ptr<const Busiest>)>> asking_busiest_;
  FirewallCounts firewall_counts_;
  std::uint64_t process_ = FlowIds::random_process();  // of the flows' ids
  RestoredServers restored_;                           // until a snapshot has them
  std::unique_ptr<Handover> handover_;
  pid_t successor_ = 0;  // has taken over
  bool served_ = false;
  bool draining_ = false;
  std::size_t drained_workers_ = 0;
  std::atomic<bool> starting_program_{false};   // see Worker::Shared
  std::unique_ptr<firewall::Keeper> keeper_;    // of the rules that this process installed
  std::optional<firewall::Standing> standing_;  // rules that others installed and a reload replaced
  std::uint64_t reloads_ = 0;
  std::uint64_t reloads_failed_ = 0;
};

// gateway.workers, or one for each CPU.
[[nodiscard]] std::size_t worker_count(const Configuration& configuration);

// The rules that a configuration implies.
[[nodiscard]] firewall::Ruleset firewall_rules(const Snapshot& snapshot);

}  // namespace weir
