// The socket options that interception needs, spelled for both families.
#pragma once

#include <cstdint>

#include "weir/endpoint.h"
#include "weir/result.h"

namespace weir {

// AF_INET or AF_INET6.
[[nodiscard]] int domain_of(Family family);

// Sets an integer option; false leaves errno.
[[nodiscard]] bool set_option(int fd, int level, int name, int value);

// IP_TRANSPARENT or IPV6_TRANSPARENT: bind to addresses that are not ours. Needs CAP_NET_ADMIN or
// CAP_NET_RAW.
[[nodiscard]] bool set_transparent(int fd, Family family);

// An error for a failed system call: what was tried, why it failed, and for want of a capability
// which one.
[[nodiscard]] Error system_error(const std::string& what, int code);

}  // namespace weir
