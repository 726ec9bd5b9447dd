// Destinations that no flow of another machine can go to: to answer from there, or to send there,
// would mean this machine's own inside, or nothing at all. Plain values; any thread.
#pragma once

#include "weir/endpoint.h"

namespace weir {

// Port 0, the unspecified address, loopback, multicast, broadcast, and IPv6 addresses that stand
// for an IPv4 one (RFC 4291, sections 2.5.5.1 and 2.5.5.2): those would be taken for that one.
[[nodiscard]] bool is_nowhere(const Endpoint& endpoint);

// The same as the destination of an intercepted flow, for which link-local addresses mean nothing
// either, except the router's own on the link that the flow came in by. Asks the kernel about
// those.
[[nodiscard]] bool is_invalid_destination(const Endpoint& destination);

}  // namespace weir
