// What the firewall counted for the rules that it decides alone. The kernel's counters may begin
// anew, when rules are installed or removed: what was counted before is added.
//
// Part of the Upkeep; the firewall's thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "firewall/counters.h"
#include "firewall/ruleset.h"

namespace weir::firewall {

// By the rules' names ("(default)", too), of those that the firewall decides alone.
using Counts = std::map<std::string, Counted>;

class RuleCounts {
 public:
  // Of the rules that are installed. `backend`: whose they are, where that is known.
  void read(const Ruleset& ruleset, std::optional<Backend> backend = std::nullopt);
  // The same, from what the kernel said of that ruleset.
  void take(const Ruleset& ruleset, const std::vector<RuleCounter>& counters);
  // With what was counted before.
  [[nodiscard]] Counts all() const;

  // Installed rules, which were read, have been replaced. `anew`: all counters with them.
  void replaced(bool anew);

 private:
  struct Reading {
    std::string counter;  // in the kernel
    Counted counted;
  };
  using Readings = std::map<std::string, Reading>;
  void follow(Readings now);

  Readings last_;  // of the rules that are installed now
  Counts before_;  // by counters that are no more
  bool anew_ = false;
};

}  // namespace weir::firewall
