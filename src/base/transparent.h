// The socket options that interception needs, spelled for both families. No state; any thread.
#pragma once

#include <cstdint>

#include "base/socket_calls.h"
#include "weir/endpoint.h"
#include "weir/result.h"

namespace weir {

// AF_INET or AF_INET6.
[[nodiscard]] int domain_of(Family family);

// Sets an integer option; false leaves errno.
[[nodiscard]] bool set_option(int fd, int level, int name, int value,
                              const SocketCalls& calls = kernel_calls);

// IP_TRANSPARENT or IPV6_TRANSPARENT: bind to addresses that are not ours. Needs CAP_NET_ADMIN or
// CAP_NET_RAW.
[[nodiscard]] bool set_transparent(int fd, Family family, const SocketCalls& calls = kernel_calls);

// Has every datagram tell its DSCP and ECN (IP_TOS, IPV6_TCLASS).
[[nodiscard]] bool hear_traffic_class(int fd, Family family,
                                      const SocketCalls& calls = kernel_calls);

// An error for a failed system call: what was tried, why it failed, and for want of a capability
// which one.
[[nodiscard]] Error system_error(const std::string& what, int code);

}  // namespace weir
