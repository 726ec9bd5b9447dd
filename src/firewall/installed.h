// What of weir's rules is in the kernel now, as text that two readings of the same rules share:
// no counters, no handles. For telling whether somebody changed them.
//
// Blocking, for milliseconds; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "firewall/script.h"
#include "weir/result.h"

namespace weir::firewall {

// Empty: none are there.
[[nodiscard]] Result<std::string> installed_text(Backend backend);

// The port that rules of such a text hand packets to; none: they intercept nothing.
[[nodiscard]] std::optional<Port> port_in(std::string_view installed);

// The lines of `iptables-save` that are weir's, table by table.
[[nodiscard]] std::string own_lines(const std::string& saved);

}  // namespace weir::firewall
