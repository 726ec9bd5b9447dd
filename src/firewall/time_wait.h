// What a gateway leaves in the kernel when it ends: connections in TIME_WAIT under addresses that
// are not the router's own.
//
// Any thread; asks the kernel, for at most two seconds. Needs CAP_NET_ADMIN.
#pragma once

#include <cstdint>

#include "weir/result.h"

namespace weir::firewall {

// Takes them away; how many. An error: this kernel cannot (CONFIG_INET_DIAG_DESTROY).
Result<std::uint64_t> forget_time_wait();

}  // namespace weir::firewall
