// The firewall's rules that a configuration implies, for commands that have no running gateway. No
// state; main thread.
#pragma once

#include <memory>
#include <string>

#include "base/configuration.h"
#include "base/machine.h"
#include "firewall/ruleset.h"
#include "weir/upstream.h"

namespace weir {

// An upstream by its name, built-ins included; its servers are in `pool`.
[[nodiscard]] Result<std::shared_ptr<Upstream>> upstream_named(const std::string& name,
                                                               const Configuration& configuration,
                                                               ServerPool& pool);

// On this machine, now.
[[nodiscard]] Result<firewall::Ruleset> implied_rules(const Configuration& configuration);
// On a machine, at its time.
[[nodiscard]] Result<firewall::Ruleset> implied_rules(const Configuration& configuration,
                                                      const Machine& machine);

}  // namespace weir
