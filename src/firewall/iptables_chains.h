// Which chains of its own weir has in iptables' tables. The names begin with WEIR: that is how
// removing finds them, whatever configuration made them.
//
//   WEIR             every packet that comes in: for a socket of weir's? on a port that a rule
//                    names?
//   WEIR-OWN-TCP, WEIR-OWN-UDP, WEIR-DELIVER        packets for sockets of weir's
//   WEIR-UDP         datagrams to a port that a rule names: an answer in a flow not weir's?
//   WEIR-DECIDE      the rules, in order
//   WEIR-N           addresses of rule N; WEIR-N-TO its destinations, where it has clients as well
//   WEIR-INTERCEPT, WEIR-REFUSE, WEIR-BYPASS        verdicts
//   WEIR-LOCAL, WEIR-L-…                            the same for what the router itself sends
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firewall/ruleset.h"
#include "weir/endpoint.h"

namespace weir::firewall {

// The chains of a table ("mangle", "filter"); none when the ruleset needs nothing there.
[[nodiscard]] std::vector<std::string> iptables_chains(const Ruleset& ruleset, Family family,
                                                       std::string_view table);

// Whether packets came in, or are the router's own on their way out: TPROXY may not stand in a
// chain that the latter reach, so they have chains of their own.
enum class Origin : std::uint8_t { forwarded, local };
// "WEIR-" or "WEIR-L-".
[[nodiscard]] std::string_view prefix_of(Origin origin);

[[nodiscard]] std::string chain_of(const Decision& decision, Origin origin);
[[nodiscard]] const std::optional<Addresses>& addresses_in(const Decision& decision, Family family);
// Whether its conditions fill chains of their own.
[[nodiscard]] bool needs_chain(const Decision& decision, Family family);
// Whether it takes two of them.
[[nodiscard]] bool both_ends(const Addresses& addresses);
// Whether some verdict is found in a chain of its own, and leaves by mark; and whether a bypass is.
[[nodiscard]] bool leaves_by_mark(const Ruleset& ruleset, Family family);
[[nodiscard]] bool bypasses_by_mark(const Ruleset& ruleset, Family family);

}  // namespace weir::firewall
