// Rules that let a flow through by what its client claims (a host name, a MAC address, the name of
// a DHCP lease), where a later rule refuses what makes no such claim. Any client can claim any of
// these: that is right for comfort, and protects nothing.
//
// No state; main thread.
#pragma once

#include <vector>

#include "base/configuration.h"
#include "upstream/assembly.h"

namespace weir {

[[nodiscard]] std::vector<Diagnostic> claim_warnings(const Configuration& configuration,
                                                     UpstreamAssembly& assembly);

}  // namespace weir
