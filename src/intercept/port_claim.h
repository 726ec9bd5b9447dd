// Whether the gateway's port can be had. Listeners share their port among workers (SO_REUSEPORT),
// and would with another gateway too; a socket that does not share finds out whether another socket
// has the port.
//
// No state; main thread, at the start.
#pragma once

#include "base/log.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

// TCP and UDP, IPv4 and IPv6.
[[nodiscard]] Result<> check_port_free(Port port);

// Tries again for a few seconds: the port may be an outgoing connection's, which was given it by
// chance. The error names its holders.
[[nodiscard]] Result<> wait_for_port(Port port, Log& log,
                                     Milliseconds timeout = Milliseconds(5'000));

}  // namespace weir
