// ICMP redirects: where clients and the uplink share an interface (a one-armed router), the kernel
// shows a client the shorter path whenever it forwards a packet of its own, and that client then
// goes past weir. The setting (send_redirects) is the operator's, and has no twin for IPv6; so
// weir's rules drop what would leave towards clients, and count it (redirects() of plan_parts.h).
//
// Pure; any thread.
#pragma once

#include <string_view>

#include "firewall/ruleset.h"

namespace weir::firewall {

// Under which they are counted: in the kernel, and in `weir rules`.
inline constexpr std::string_view redirect_counter = "icmp-redirect";
inline constexpr std::string_view redirect_row = "(redirects)";

// Whether the rules decide on anything that a client could be led past.
[[nodiscard]] bool drops_redirects(const Ruleset& ruleset);

// With iptables: behind a jump of WEIR-LOCAL's, in mangle.
inline constexpr std::string_view redirect_chain = "WEIR-REDIRECT";

}  // namespace weir::firewall
