// Labels of connection tracking (0 to 127) that weir's rules give to flows. No marks: those are
// copied to packets, and others use them. A label stays with its flow while rules come and go.
//
// Constants; any thread.
#pragma once

namespace weir::firewall::label {

// A rule let it pass for a name that its client had looked up, and goes on to do so when that is
// long ago.
inline constexpr int passed_by_name = 114;
// A socket of weir's towards a server opened it; set where iptables needs it, for IPv6.
inline constexpr int opened = 115;
// weir began it in a peer's name: what the client says is no answer.
inline constexpr int spoken_first = 116;
// It began while weir drained, and goes on without it.
inline constexpr int passing = 117;
// The router itself sends it, and it goes to weir.
inline constexpr int diverted = 118;
// A flow of datagrams that was handed to weir.
inline constexpr int carried = 119;

}  // namespace weir::firewall::label
