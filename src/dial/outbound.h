// Opens the socket towards the upstream: marked with the bypass-mark so that it is never
// intercepted itself, bound to the source the route wants, connected (TCP, and UDP with one peer)
// or not.
//
// System calls are dear and this runs for every flow, so nothing is set that the route does not
// need.
#pragma once

#include "base/descriptor.h"
#include "weir/flow.h"
#include "weir/route.h"

namespace weir {

struct Outbound {
  Descriptor socket;      // invalid: see `error`
  int error = 0;          // errno of the step that failed
  const char* step = "";  // "bind", "connect", …
  Endpoint local;         // what the socket is bound to now; port 0 while the kernel has not chosen
  // client:port was wanted and taken; the source is the client's address with another port.
  bool source_port_taken = false;
};

// A TCP socket with its connection under way. `local` is complete.
[[nodiscard]] Outbound open_tcp(const Flow& flow, const Route& route, Mark bypass);

// A UDP socket connected to the route's remote endpoint: for flows with a socket of their own.
[[nodiscard]] Outbound open_udp_connected(const Flow& flow, const Route& route, Mark bypass);

// A UDP socket that may send to anyone and hear from anyone (endpoint-independent mapping and
// filtering), with ICMP errors queued for reading. `local` is complete.
[[nodiscard]] Outbound open_udp_mapping(const Flow& flow, const Route& route, Mark bypass);

}  // namespace weir
