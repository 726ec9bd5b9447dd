// Rules with `bypass` whose flows weir carries all the same, as with `transparent`: the gateway
// decides them, or has to decide an earlier rule of the same flows. Of a rule with `host` that is
// what the firewall has no pair for (firewall/name_rules.h).
//
// No state; main thread.
#pragma once

#include <vector>

#include "base/configuration.h"
#include "upstream/assembly.h"

namespace weir {

// REQUIRES: the sets of the configuration are loaded.
[[nodiscard]] std::vector<Diagnostic> bypass_warnings(const Configuration& configuration,
                                                      UpstreamAssembly& assembly);

}  // namespace weir
