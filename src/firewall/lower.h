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

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "firewall/plan.h"
#include "weir/endpoint.h"

namespace weir::firewall {

// Where nft's rules have long lists of addresses: written in them, or in sets that stand already
// (set_loader.h). A listing, an exit and a replacement then cost what short rules do.
enum class NftLists : std::uint8_t { in_rules, in_sets };
// Shorter ones are as well off in the rules: nft writes and lists them in some 10 ms.
inline constexpr std::size_t max_in_nft_rule = 4'096;
// And where several rules name the same list, so much of it is written once for each of them.
inline constexpr std::size_t max_in_each_nft_rule = 64;

[[nodiscard]] Plan for_nft(Plan plan, NftLists lists = NftLists::in_rules);
[[nodiscard]] Plan for_iptables(const Plan& plan, Family family);

// The chains of a table ("mangle", "filter"), in order; none when nothing is needed there.
[[nodiscard]] std::vector<std::string> chains_in(const Plan& plan, std::string_view table);

}  // namespace weir::firewall
