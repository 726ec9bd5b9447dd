// What counts as one client: on a link of the router's own a device, with all the addresses that
// the neighbour table says lead to it; elsewhere an address, or as much of it as
// limits.client-prefix-4 and -6 say. A device can forge its MAC: what bounds it beyond that is
// limits.max-flows.
//
// Pure; any thread.
#pragma once

#include <cstdint>

#include "base/configuration.h"
#include "intercept/neighbours.h"
#include "weir/endpoint.h"

namespace weir {

// A hash, keyed as all hashes of endpoints are. `neighbours` may be null.
[[nodiscard]] std::uint64_t client_key(const Address& address, const Limits& limits,
                                       const Neighbours* neighbours);

}  // namespace weir
