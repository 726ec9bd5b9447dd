// How many TCP handshakes are under way on this machine: a SYN was answered, and the client's word
// is not there yet. Such connections are in no accept queue, and are lost with their listener.
// Whose they are is not told: those of other programs are among them.
//
// No state. Blocking, for a millisecond; any thread.
#pragma once

#include <cstddef>

#include "weir/result.h"

namespace weir {

[[nodiscard]] Result<std::size_t> count_half_open();

}  // namespace weir
