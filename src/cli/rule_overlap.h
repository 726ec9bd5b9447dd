// Whether two rules may be about the same flows, by what a packet shows: ports, addresses,
// interfaces. Where that is hard to decide, they may. Pure; any thread.
#pragma once

#include <optional>

#include "base/configuration.h"

namespace weir {

[[nodiscard]] bool names_port(const RuleSettings& rule, Protocol protocol, Port port);

// The first ports on which a flow may be both rules'. None: there are none.
[[nodiscard]] std::optional<PortRange> common_ports(const RuleSettings& a, const RuleSettings& b);

// No client is both rules', whatever its ports.
[[nodiscard]] bool have_other_clients(const RuleSettings& a, const RuleSettings& b);

}  // namespace weir
