// Rules whose flows of one address family can only fail, by what their upstream's source and
// servers are: a client's IPv6 address fits no packet to an IPv4 server. Right enough where that
// family is not used, and a riddle where it is.
//
// No state; main thread.
#pragma once

#include <vector>

#include "base/configuration.h"
#include "upstream/assembly.h"

namespace weir {

[[nodiscard]] std::vector<Diagnostic> family_warnings(const Configuration& configuration,
                                                      UpstreamAssembly& assembly);

}  // namespace weir
