// The firewall's rules as this process changes them: its own (weir run --firewall), and those that
// others installed, which a reload replaces. And what the kernel counted for them.
//
// Main thread, on its loop. Calls programs and waits for them, for milliseconds.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "admin/control.h"
#include "base/log.h"
#include "firewall/excluded_cgroups.h"
#include "firewall/install.h"
#include "firewall/keeper.h"
#include "firewall/rule_counts.h"
#include "firewall/ruleset.h"
#include "firewall/standing.h"
#include "flow/snapshot.h"
#include "gateway/in_force.h"
#include "loop/loop.h"

namespace weir {

class OwnFirewall {
 public:
  // `may_change`: a gateway that drains or is being taken over lets its rules alone.
  OwnFirewall(Loop& loop, Log& log, const InForce& in_force, std::function<bool()> may_change);

  // Installs rules and keeps them in place. No backend: what is installed.
  Result<> start(std::optional<firewall::Backend> backend);
  // Goes on with those of the gateway that is being taken over.
  Result<> inherit(firewall::Keeper::Inherited from);
  // Null: the rules are not ours. Gone after leave().
  [[nodiscard]] firewall::Keeper* keeper() { return keeper_.get(); }
  void leave();
  // The rules go, or stay and refuse, as on-failure says.
  void end();

  // Installed rules are replaced, whoever installed them; where none are, none are wanted. On error
  // they stay.
  Result<> replace(const Snapshot& next);
  // The control groups of the configuration in force are the ones to be left out.
  void follow_cgroups();
  // They may have changed while nothing was to be changed.
  void look_for_cgroups();
  // What is new passes by; and everything does. REQUIRES: keeper().
  Result<> bypass_new_flows();
  Result<> bypass_all();

  [[nodiscard]] FirewallReport report() const;
  // What was counted for the rules that it decides alone, not older than that.
  const firewall::RuleCounts& counts(std::chrono::seconds oldest);

 private:
  [[nodiscard]] firewall::Ruleset rules() const;
  [[nodiscard]] firewall::Keeper::Owner keepers_owner();
  Result<> keep(Result<std::unique_ptr<firewall::Keeper>> keeper);
  Result<> replace_of_others(const firewall::Ruleset& rules, firewall::Backend backend,
                             const std::string& there);

  Loop& loop_;
  Log& log_;
  const InForce& in_force_;
  std::function<bool()> may_change_;
  firewall::ExcludedCgroups cgroups_;
  firewall::RuleCounts counts_;
  std::unique_ptr<firewall::Keeper> keeper_;
  std::optional<firewall::Standing> standing_;  // rules of others that a reload replaced
};

}  // namespace weir
