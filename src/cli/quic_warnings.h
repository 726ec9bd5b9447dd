// Rules that are for some hosts on tcp/443 alone. Browsers reach the same hosts by QUIC (udp/443),
// and do so by themselves once a server has said that it speaks it: past a rule that refuses them,
// or that leads them through a proxy.
//
// No state; main thread.
#pragma once

#include <vector>

#include "base/configuration.h"
#include "upstream/assembly.h"

namespace weir {

[[nodiscard]] std::vector<Diagnostic> quic_warnings(const Configuration& configuration,
                                                    UpstreamAssembly& assembly);

}  // namespace weir
