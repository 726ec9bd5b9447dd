// Rules that lead to a server whose own traffic they meet: a resolver in the LAN that is one of the
// rule's clients, and with `local = yes` a server on the router itself. What would come back to its
// sender passes by (flow/passing.h); what else comes of it is said here.
//
// No state; main thread.
#pragma once

#include <string>
#include <vector>

#include "base/configuration.h"
#include "upstream/assembly.h"

namespace weir {

[[nodiscard]] std::vector<Diagnostic> own_traffic_warnings(const Configuration& configuration,
                                                           UpstreamAssembly& assembly);

// The servers of an upstream, of its members and of what it goes via, each with its upstream.
struct ServerOfUpstream {
  const Upstream* upstream = nullptr;
  const Server* server = nullptr;
  [[nodiscard]] std::string text() const;  // "server pi (192.0.2.3) of [upstream pihole]"
};
[[nodiscard]] std::vector<ServerOfUpstream> servers_of_chain(const Upstream& upstream);

}  // namespace weir
