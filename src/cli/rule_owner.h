// The gateway that runs and keeps the firewall's rules in place: what others remove it puts back.
// Asks on the control socket, and waits; main thread.
#pragma once

#include <optional>
#include <string>

#include "weir/result.h"

namespace weir {

struct RuleOwner {
  std::string socket;   // its control socket
  std::string process;  // "process 123, weir.service"
  std::string to_end;   // the command that ends it
};

// By the control socket of that configuration, or the standard one where it says nothing. None: no
// gateway answers there that keeps rules in this network.
[[nodiscard]] std::optional<RuleOwner> rule_owner(const std::string& file);

// It keeps them no longer, and lets them stand. An error is its sentence against it.
[[nodiscard]] Result<> release_rules(const RuleOwner& owner);

}  // namespace weir
