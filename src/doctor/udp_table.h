// The UDP sockets of this machine, as /proc/net/udp and /proc/net/udp6 list them (proc(5)). Pure;
// any thread.
#pragma once

#include <string_view>
#include <vector>

#include "weir/endpoint.h"

namespace weir::doctor {

// The local addresses of sockets on that port that hear from any peer. Lines that are no sockets
// are left out.
[[nodiscard]] std::vector<Address> hearing_addresses(std::string_view table, Port port);

}  // namespace weir::doctor
