// Whether a gateway keeps rules of its own in the firewall (run --firewall). A constant; any
// thread.
#pragma once

#include <cstdint>

namespace weir {

enum class UseFirewall : std::uint8_t { no, yes };

}  // namespace weir
