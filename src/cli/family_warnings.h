// Rules whose flows of one address family can only fail, by what their upstream's source and
// servers are: a client's IPv6 address fits no packet to an IPv4 server. Right enough where that
// family is not used, and a riddle where it is.
//
// No state; main thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/configuration.h"
#include "upstream/assembly.h"

namespace weir {

// Whether that server of an upstream can be reached for clients of the family. A name may have
// addresses of both. REQUIRES: there is one of that number.
[[nodiscard]] bool serves(const Upstream& upstream, std::size_t server, Family clients);

[[nodiscard]] std::string name_of(Family family);

[[nodiscard]] std::vector<Diagnostic> family_warnings(const Configuration& configuration,
                                                      UpstreamAssembly& assembly);

}  // namespace weir
