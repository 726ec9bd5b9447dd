// How long connection tracking remembers a connection of weir's that has ended.
//
// What weir carries takes two entries, where forwarding takes one: the client's connection ends in
// the router, and another one begins there. The kernel keeps either for two minutes after both FINs
// (nf_conntrack_tcp_timeout_time_wait). So the same clients would fill the table with half as many
// connections a second as without weir. weir's own take half of that time, and at most 30 s. With
// the kernel's 120 s both entries together then hold the table for 2 * (30 + 60) s at most, as
// forwarding's one does for 120 + 60: what has expired stays until the next of the kernel's rounds
// (one a minute), or until the table is full.
//
// A FIN whose acknowledgement was lost is sent again after 0.2 s, 0.4 s and so on, and each renews
// the 30 s: eight repetitions. What comes later finds no entry and is `invalid` to connection
// tracking; the sockets that carried it answer it, unless a rule of the input hook drops such
// packets.
//
// Not `notrack`: address translation would give ports of weir's own sockets to other flows, and
// input rules that ask for `established` would shut answers out. Nor shorter times of a half-closed
// connection, which may go on for timeouts.half-closed, or of an established one.
//
// Only with nft: iptables sets a timeout in its raw table alone, before anything tells that weir
// carries the connection, and needs a policy that another program (nfct) has made.
//
// Plain values; any thread.
#pragma once

#include <optional>

#include "firewall/ruleset.h"

namespace weir::firewall {

// Of the kernel's times in seconds, those for weir's own connections. Pure.
[[nodiscard]] ClosingTimeouts closing_timeouts(ClosingTimeouts kernels);

// The same for this machine; none where its kernel cannot (CONFIG_NF_CONNTRACK_TIMEOUT), or does
// not let this process ask. Runs nft once a process.
[[nodiscard]] std::optional<ClosingTimeouts> closing_timeouts_here();

}  // namespace weir::firewall
