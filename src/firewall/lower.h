// A plan in what a tool can do: the same meaning in steps that each are one line.
//
// nft wants a line for each family and, where their ports differ, each protocol.
//
// iptables has one table a family, chains named WEIR… in `mangle` and `filter` (that is how
// removing finds them, whatever configuration made them), and can do less; lower.cc says what is
// done instead.
//
//   WEIR             every packet that comes in: for a socket of weir's? on a port that a rule
//                    names?
//   WEIR-OWN-TCP, WEIR-OWN-UDP, WEIR-DELIVER        packets for sockets of weir's
//   WEIR-UDP         datagrams to a port that a rule names: an answer in a flow not weir's?
//   WEIR-DECIDE      the rules, in order
//   WEIR-NAT-…       a copy of what nat translates (shell_nat.h)
//   WEIR-N           addresses of rule N; WEIR-N-TO its destinations, where it has clients as well
//   WEIR-BY-ROUTE    to the gateway, unless the router has no route to the destination
//   WEIR-INTERCEPT, WEIR-REFUSE, WEIR-BYPASS        verdicts
//   WEIR-LOCAL, WEIR-L-…                            the same for what the router itself sends; with
//                    IPv6 WEIR-LOCAL labels what weir opens, too
//   WEIR-REDIRECT    ICMP redirects on their way out (redirects.h)
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firewall/plan.h"
#include "weir/endpoint.h"

namespace weir::firewall {

[[nodiscard]] Plan for_nft(Plan plan);
[[nodiscard]] Plan for_iptables(const Plan& plan, Family family);

// The chains of a table ("mangle", "filter"), in order; none when nothing is needed there.
[[nodiscard]] std::vector<std::string> chains_in(const Plan& plan, std::string_view table);

}  // namespace weir::firewall
