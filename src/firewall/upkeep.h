// The rules as this process changes them: its own, which a RuleReconciler keeps in place, and those
// that others installed, which a reload replaces. And what the kernel counted for them.
//
// One, owned by OwnFirewall. The firewall's thread, on its loop: everything here may wait for
// programs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "firewall/installed_rules.h"
#include "firewall/rule_counts.h"
#include "firewall/rule_reconciler.h"
#include "firewall/ruleset.h"
#include "loop/loop.h"

namespace weir::firewall {

class Upkeep {
 public:
  // `on_status`: the reconciler's status may have changed.
  // `name_sets`: those of the rules that it keeps; null: they stay empty.
  Upkeep(Loop& loop, Log& log, std::function<void(RuleReconciler::Status)> on_status,
         NameSets* name_sets = nullptr);

  // Installs rules and keeps them in place.
  Result<> start(const Ruleset& rules, Backend backend);
  // Goes on with those of the gateway that is being taken over.
  Result<> inherit(const Ruleset& rules, RuleReconciler::Inherited from);
  // Null: the rules are not ours.
  [[nodiscard]] RuleReconciler* reconciler() { return reconciler_.get(); }
  // Lets go of the reconciler, which takes its rules back unless it has left them.
  void end() { reconciler_.reset(); }

  // Of another configuration. Installed rules are replaced, whichever process installed them; where
  // none are, none are wanted. On error they stay.
  Result<> replace(const Ruleset& rules);
  // Other rules of the same configuration, of which counting goes on. REQUIRES: reconciler().
  Result<> substitute(const Ruleset& rules);

  // What was counted for the rules of the configuration in force, which these are.
  [[nodiscard]] Counts count(const Ruleset& rules);

 private:
  [[nodiscard]] RuleReconciler::Owner reconciler_owner();
  Result<> keep(Result<std::unique_ptr<RuleReconciler>> reconciler);
  Result<> replace_of_others(const Ruleset& rules, Backend backend, const std::string& there);
  void read_counts();

  Loop& loop_;
  Log& log_;
  std::function<void(RuleReconciler::Status)> on_status_;
  NameSets* name_sets_;
  std::optional<Ruleset> in_force_;  // whose counters there are
  RuleCounts counts_;
  std::unique_ptr<RuleReconciler> reconciler_;
  std::optional<InstalledRules> installed_;  // rules of others that a reload replaced
};

}  // namespace weir::firewall
