// Rules that no flow can reach, servers that lead back to the gateway, and what is intercepted
// though the operator may not have meant it: right by the letter of the configuration, and seldom
// by its intent.
//
// No state; asks the kernel which addresses are this machine's. Main thread.
#pragma once

#include <vector>

#include "base/configuration.h"
#include "upstream/assembly.h"

namespace weir {

[[nodiscard]] std::vector<Diagnostic> reach_warnings(const Configuration& configuration,
                                                     UpstreamAssembly& assembly);

}  // namespace weir
