// Whether an address is this machine's, as the kernel's routes have it.
//
// No state; any thread.
#pragma once

#include "weir/endpoint.h"

namespace weir {

// Whether an address is this machine's own, or that of many hosts (broadcast, multicast). Asks the
// kernel (a few system calls): not for every packet. False where it cannot be asked.
[[nodiscard]] bool is_local_address(const Address& address);

}  // namespace weir
