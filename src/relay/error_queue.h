// ICMP errors that came back for datagrams a socket sent (IP_RECVERR). No state; any thread.
#pragma once

#include <optional>

#include "base/socket_calls.h"
#include "weir/endpoint.h"

namespace weir {

struct IcmpError {
  Endpoint peer;  // the datagram's destination
  // Destination unreachable, as errno: ECONNREFUSED for the port, EHOSTUNREACH, …; else 0.
  int code = 0;
  bool is_too_big = false;  // the path MTU is smaller than the datagram
};

// The next queued error, if any. Errors that are not ICMP's (a local EMSGSIZE) have an empty peer.
[[nodiscard]] std::optional<IcmpError> next_icmp_error(int fd,
                                                       const SocketCalls& calls = kernel_calls);

}  // namespace weir
