// What the firewall counted for the rules that it decides alone. The kernel begins anew whenever
// rules are applied, so what was counted before is added.
//
// The firewall's thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "firewall/counters.h"
#include "firewall/ruleset.h"

namespace weir::firewall {

// By the rules' names ("(default)", too), of those that the firewall decides alone.
using Counts = std::map<std::string, Counted>;

class RuleCounts {
 public:
  // Of the rules that are installed. `backend`: whose they are, where that is known.
  void read(const Ruleset& ruleset, std::optional<Backend> backend = std::nullopt);
  // With what was counted before.
  [[nodiscard]] Counts all() const;

  // Installed rules, which were read, have been replaced.
  void replaced();

 private:
  Counts counted_;  // by the rules that are installed now
  Counts before_;   // by those that were
};

}  // namespace weir::firewall
