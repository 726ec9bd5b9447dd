// Rules whose lists are too long for the firewall, which would decide them alone otherwise: their
// packets take the way through weir, which costs more. Those with `bypass` are told more
// (bypass_warnings.h).
//
// No state; main thread.
#pragma once

#include <vector>

#include "base/configuration.h"
#include "upstream/assembly.h"

namespace weir {

// REQUIRES: the sets of the configuration are loaded.
[[nodiscard]] std::vector<Diagnostic> set_warnings(const Configuration& configuration,
                                                   UpstreamAssembly& assembly);

}  // namespace weir
