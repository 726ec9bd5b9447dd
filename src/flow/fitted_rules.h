// The rules of a configuration as they hold on this machine at the moment: by which name packets
// come in, which networks its interfaces have, which windows are open, which devices have a name,
// what is in the sets. Says when that has to be looked at again.
//
// Immutable once made, by the main thread; shared by snapshots, and asked by all workers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/configuration.h"
#include "base/machine_here.h"
#include "rules/rule_set.h"
#include "weir/flow.h"

namespace weir {

class FittedRules {
 public:
  // REQUIRES: neither is null.
  FittedRules(std::shared_ptr<const Configuration> configuration,
              std::shared_ptr<const MachineHere> machine);

  // The same rules on the machine as it is now. Null: nothing of them has changed.
  [[nodiscard]] std::shared_ptr<const FittedRules> refitted(
      const std::shared_ptr<const MachineHere>& machine) const;

  // The same rules by another clock. Null: that comes to the same.
  [[nodiscard]] std::shared_ptr<const FittedRules> by_clock(
      std::shared_ptr<const LocalClock> clock) const;
  // By which clock they held last: that of now, or where they should have switched since, the
  // moment before that.
  [[nodiscard]] std::shared_ptr<const LocalClock> last_clock(
      const std::shared_ptr<const LocalClock>& now) const;

  // The place of the flow's rule in the configuration; none: the gateway's default. And whether
  // that may be another one once the host is known. `device`: who the client is.
  [[nodiscard]] RuleSet::Decision decide(const Flow& flow, const ClientDevice& device,
                                         const KnownHost& host) const;
  [[nodiscard]] bool needs_interface() const { return rules_->needs_interface(); }
  // Whether refitted() may ever have other ones.
  [[nodiscard]] bool follows_machine() const {
    return needs_interface() || some_are_fitted_ || follows_devices() ||
           !configuration_->sets.empty();
  }
  // Whether the firewall's are others when other devices are known.
  [[nodiscard]] bool follows_devices() const { return some_name_devices_; }
  // When the clock alone makes others of them; none: never.
  [[nodiscard]] std::optional<std::chrono::sys_seconds> changes_at() const;
  // How a rule stands ("matches now, until 07:00"); "": the clock does not matter to it.
  [[nodiscard]] std::string clock_state(std::size_t rule) const;
  [[nodiscard]] const MachineHere& machine() const { return *machine_; }
  // The configuration with its rules as the firewall's are made of them.
  [[nodiscard]] Configuration for_firewall() const;
  // Whether the firewall's rules are the same as those of `other`. REQUIRES: of one configuration.
  [[nodiscard]] bool same_for_firewall(const FittedRules& other) const {
    return same_for_firewall(*other.machine_);
  }

 private:
  // By number. Empty where no rule has `interface`.
  using InterfaceNames = std::unordered_map<std::uint32_t, std::string>;

  void compile();
  [[nodiscard]] bool are_same_on(const Machine& machine) const;
  [[nodiscard]] bool same_for_firewall(const MachineHere& machine) const;
  [[nodiscard]] InterfaceNames names_for_rules(std::span<const Link> links) const;
  [[nodiscard]] std::string interface_name(std::uint32_t number) const;

  std::shared_ptr<const Configuration> configuration_;
  std::shared_ptr<const MachineHere> machine_;
  std::shared_ptr<const RuleSet> rules_;
  // Each rule's, as rules_ knows them.
  std::vector<std::vector<RuleCondition>> conditions_;
  bool some_are_fitted_ = false;
  bool some_name_devices_ = false;
  // As of the last news of links, so that a flow asks the kernel only for a link newer than that.
  InterfaceNames interface_names_;
};

}  // namespace weir
