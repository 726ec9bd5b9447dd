// Why something was refused, dropped or done in a second-best way. Every such event adds one to a
// counter with one of these names; nothing is lost unnamed. The names are the label `reason` of
// the metric weir_events_total.
//
// Each worker has one Reasons, for as long as it lives: its thread adds, any thread reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/counter.h"

namespace weir {

enum class Reason : std::uint8_t {
  no_original_destination,  // a datagram without the control message
  datagram_truncated,       // MSG_TRUNC or MSG_CTRUNC
  invalid_destination,      // a place that no flow of another machine can go to
  loop,                     // a flow of our own came back to us
  own_server,               // passed by: its client is a server of the upstream it would go to
  own_proxy,                // passed by: a proxy on this router was just asked for its destination
  max_flows,
  max_flows_per_client,
  rule_max_flows,
  rule_max_flows_per_client,
  evicted,             // a UDP flow ended at a limit, for the sake of a new one
  out_of_descriptors,  // accept or socket: EMFILE, ENFILE
  out_of_memory,
  rejected,
  dropped,
  no_server,
  connect_refused,
  connect_unreachable,
  no_route,  // the router itself has no route there, or forbids it
  connect_timeout,
  connect_error,       // anything else that connect says
  handshake_failed,    // a server on the way does not do what was asked of it
  handshake_timeout,   // or not within timeouts.handshake
  policy_route,        // a policy rule chooses a route that no socket can take
  target_unreachable,  // a proxy says that it cannot reach the destination
  retried,             // an attempt on another server
  server_first,        // learnt: a destination whose server speaks before its clients
  name_forgotten,      // learnt from a DNS answer, and gone before its time: there were too many
  source_port_taken,   // client:port fell back to the client's address
  source_unavailable,  // bind to the wanted source failed
  reply_socket_taken,  // the raw socket answers: another socket holds the destination's port
  reply_failed,        // a datagram to the client could not be sent
  send_failed,         // a datagram to the server could not be sent
  send_buffer_full,    // EAGAIN or ENOBUFS on a datagram
  datagram_too_big,    // EMSGSIZE
  exceeds_mtu,  // larger than the path MTU: sent in fragments, or where that is forbidden refused
  relay_queue_full,         // more datagrams than are kept while a relay is being opened
  relay_malformed,          // from a relay, without the header it owes
  relay_fragment,           // from a relay: SOCKS5 FRAG is not 0
  relay_unexpected_source,  // to a relay's socket, not from the relay
  relay_stale_reply,        // from a relay whose flow is over
  relay_elsewhere,          // a relay that is not at its server's address, refused
  peer_unanswered,          // a flow that a peer opened and the client never answered is over
  peer_local,        // from a peer that cannot be where it says it is: on this side of the gateway
  socket_renewed,    // addresses, routes or links changed under a UDP flow: it has a new socket
  icmp_from_server,  // destination unreachable, passed on to the client
  icmp_send_failed,
  icmp_rate_limited,   // an ICMP error that was not sent: there were too many
  name_set_late,       // a DNS answer left before the firewall's sets had what it says
  name_set_full,       // what a client looked up found no room in a set of the firewall's
  receive_queue_full,  // datagrams that the kernel dropped before a worker came
  accept_failed,
  record_lost,  // the log target did not keep up
  draining,     // a datagram of a new flow, while no new ones are taken
  count,        // not a reason: how many there are
};

[[nodiscard]] std::string_view name_of(Reason reason);  // "max-flows-per-client"

// Whether what was asked for was done all the same, in another way than the first choice. Of the
// other reasons a flow, a datagram, an error message or a record was lost. Unknown names: false.
[[nodiscard]] bool is_second_best(std::string_view reason);

class Reasons {
 public:
  void add(Reason reason, std::uint64_t n = 1) {
    counters_[static_cast<std::size_t>(reason)].add(n);
  }
  [[nodiscard]] std::uint64_t get(Reason reason) const {
    return counters_[static_cast<std::size_t>(reason)].get();
  }

 private:
  std::array<Counter, static_cast<std::size_t>(Reason::count)> counters_;
};

}  // namespace weir
