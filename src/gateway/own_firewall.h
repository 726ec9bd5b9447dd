// The firewall's rules as this process changes them: its own (weir run --firewall), and those that
// others installed, which a reload replaces. And what the kernel counted for them.
//
// All work on rules happens on a thread of its own (firewall/upkeep.h), one task after another:
// iptables waits for a lock that any other program may hold, for longest_run at most, and nothing
// else of the gateway waits with it. Steps that need an order have that of the tasks; a caller that
// needs the end of one is called then. Children of the main loop (uv_spawn) would make every step
// between two programs a state of the reconciler, of a reload, a drain and a takeover.
//
// One, in the Gateway; main thread, on its loop. It waits for the other thread at the start, in a
// takeover and at the end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/control.h"
#include "base/log.h"
#include "firewall/excluded_cgroups.h"
#include "firewall/install.h"
#include "firewall/installed_rules.h"
#include "firewall/rule_counts.h"
#include "firewall/rule_reconciler.h"
#include "firewall/ruleset.h"
#include "firewall/upkeep.h"
#include "flow/snapshot.h"
#include "gateway/in_force.h"
#include "loop/loop.h"
#include "loop/loop_thread.h"

namespace weir {

class OwnFirewall {
 public:
  using Then = std::function<void(const Result<>&)>;

  // `name_sets`: of what clients look up; null: rules of its own have none. `may_change`: a gateway
  // that drains or is being taken over lets its rules alone.
  OwnFirewall(Loop& loop, Log& log, const InForce& in_force, firewall::NameSets* name_sets,
              std::function<bool()> may_change);
  ~OwnFirewall();
  OwnFirewall(const OwnFirewall&) = delete;
  OwnFirewall& operator=(const OwnFirewall&) = delete;

  // Installs rules and keeps them in place. No backend: what is installed.
  Result<> start(std::optional<firewall::Backend> backend);
  // Goes on with those of the gateway that is being taken over.
  Result<> inherit(firewall::RuleReconciler::Inherited from);
  // False: the rules are not ours, or no longer.
  [[nodiscard]] bool keeps() const { return status_.has_value() && !released_; }
  // The reconciler does this, where there is one, when what was asked for before is done.
  void tell(std::function<void(firewall::RuleReconciler&)> task);

  // For a successor: the reconciler is paused, and this is what it has. An error: it is at work.
  struct Offered {
    firewall::InstalledRules installed;
    std::optional<firewall::CleanupProcess::Shared> cleanup;
  };
  [[nodiscard]] Result<Offered> pause();

  // Of our rules: they go, or stay and refuse, as on-failure says; or they are a successor's.
  enum class End : std::uint8_t { take_back, leave };
  void end(End how);

  // Our rules stay as they are and become others': they are not put back, nor taken back at the
  // end.
  void release(Then then);

  // Installed rules are replaced, whichever process installed them; where none are, none are
  // wanted. On error they stay.
  void replace(const Snapshot& next, Then then);
  // The control groups of the configuration in force are the ones to be left out.
  void follow_cgroups();
  // What is new passes by; or everything does. REQUIRES: keeps().
  enum class Passes : std::uint8_t { new_flows, everything };
  void let_pass(Passes what, Then then);

  [[nodiscard]] FirewallReport report() const;
  // What was counted for the rules that it decides alone, read now.
  void count(std::function<void(firewall::Counts)> then);

 private:
  [[nodiscard]] firewall::Ruleset rules() const;
  void check_cgroups();
  void change(firewall::Ruleset rules, Result<> (firewall::Upkeep::*how)(const firewall::Ruleset&),
              Then then);
  Result<> kept(Result<> begun);

  Log& log_;
  const InForce& in_force_;
  std::function<bool()> may_change_;
  firewall::ExcludedCgroups cgroups_;
  std::vector<firewall::Cgroup> cgroups_in_rules_;
  std::size_t changes_under_way_ = 0;
  std::optional<firewall::RuleReconciler::Status> status_;
  bool released_ = false;
  Mailbox mailbox_;
  std::unique_ptr<firewall::Upkeep> upkeep_;  // of the thread
  LoopThread thread_;
};

}  // namespace weir
