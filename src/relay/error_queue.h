// ICMP errors that came back for datagrams a socket sent (IP_RECVERR).
#pragma once

#include <optional>

#include "weir/endpoint.h"

namespace weir {

struct IcmpError {
  Endpoint peer;  // whom the datagram was sent to
  int code = 0;   // as errno: ECONNREFUSED for port unreachable, EHOSTUNREACH, …
};

// The next queued error, if any. Errors that are not ICMP's (a local EMSGSIZE) have an empty peer.
[[nodiscard]] std::optional<IcmpError> next_icmp_error(int fd);

}  // namespace weir
