// Rules whose proxies are told the host's name (host-to-proxy) and that do not do what they seem
// to: the proxy goes to an address of its own finding, whatever `destination` says; and without a
// rule that asks for the host no name is known.
//
// No state; any thread.
#pragma once

#include <vector>

#include "base/configuration.h"
#include "upstream/assembly.h"

namespace weir {

[[nodiscard]] std::vector<Diagnostic> told_host_warnings(const Configuration& configuration,
                                                         UpstreamAssembly& assembly);

}  // namespace weir
