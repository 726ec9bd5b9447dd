#include "account/meaning.h"

namespace weir {

// Switches and no tables: the compiler reports what has no sentence.
std::string_view meaning_of(Reason reason) {
  switch (reason) {
    case Reason::no_original_destination:
      return "A datagram came without its original destination, so weir dropped it. It was "
             "sent to weir's port without TPROXY.";
    case Reason::datagram_truncated:
      return "A datagram did not fit into the buffer and was dropped.";
    case Reason::invalid_destination:
      return "The destination is one that no flow of another machine can have: loopback, "
             "unspecified or v4-mapped. The flow was refused.";
    case Reason::loop:
      return "A flow of weir's own came back to weir, which refused it. A server or proxy "
             "on this router needs `exclude-user` or `exclude-cgroup`.";
    case Reason::own_server:
      return "The client is a server of the upstream that the rule names. Its flow went on "
             "to its own destination instead of back to itself.";
    case Reason::own_proxy:
      return "With `local = yes`: the flow goes where weir had just asked a proxy on this "
             "router to go. It went on to its own destination.";
    case Reason::max_flows:
      return "The limit `limits.max-flows` was reached, and the flow was refused.";
    case Reason::max_flows_per_client:
      return "The client had `limits.max-flows-per-client` flows, and its new flow was "
             "refused.";
    case Reason::rule_max_flows:
      return "The rule had `max-flows` flows, and the new flow was refused.";
    case Reason::rule_max_flows_per_client:
      return "The client had `max-flows-per-client` flows of the rule, and its new flow "
             "was refused.";
    case Reason::evicted:
      return "A limit was reached, and an idle UDP flow ended so that a new one found "
             "room.";
    case Reason::out_of_descriptors:
      return "The process or the machine had no file descriptor left, and the flow was "
             "refused. Raise `LimitNOFILE`.";
    case Reason::out_of_memory:
      return "The kernel had no memory to watch the connection, and the flow was refused.";
    case Reason::rejected:
      return "The upstream `reject` refused the flow in the gateway. What the firewall "
             "refuses is counted by `weir rules`.";
    case Reason::dropped:
      return "The upstream `drop` left the flow unanswered in the gateway. What the "
             "firewall drops is counted by `weir rules`.";
    case Reason::no_server:
      return "The upstream had no usable server of the flow's family, and the flow was "
             "refused. `weir upstreams` says why each one is not usable.";
    case Reason::connect_refused:
      return "The server refused the connection.";
    case Reason::connect_unreachable:
      return "A router on the path to the server answered that it is not reachable (ICMP).";
    case Reason::no_route:
      return "This router has no route to the destination, or its routing table forbids "
             "it. The client hears the same.";
    case Reason::connect_timeout:
      return "The server did not accept the connection within `timeouts.connect`.";
    case Reason::connect_error:
      return "The connection to the server failed in another way; the record's `error` "
             "says how.";
    case Reason::handshake_failed:
      return "A proxy, or another server on the way, refused what weir asked, or answered "
             "against its protocol; the record's `error` says which.";
    case Reason::handshake_timeout:
      return "A proxy did not finish its handshake within `timeouts.handshake`.";
    case Reason::policy_route:
      return "A policy rule of this router asks for a route that weir cannot give to a socket. The "
             "flow was refused, so that nothing leaves by the wrong line.";
    case Reason::target_unreachable:
      return "A proxy answered that it cannot reach the destination.";
    case Reason::retried:
      return "An attempt failed, and weir tried another server. The flow itself went on.";
    case Reason::server_first:
      return "A rule asks for the host, and weir waited in vain for the client to name one: at "
             "this destination the server speaks first (SSH, SMTP). For ten minutes weir does not "
             "wait "
             "there, unless a rule of that port rejects or drops by the host.";
    case Reason::name_forgotten:
      return "A client looked up more names than weir keeps (4,096 of one client, 262,144 of all), "
             "and the oldest was forgotten before its time. A flow to that address that names no "
             "host itself has none then.";
    case Reason::source_port_taken:
      return "`source = client:port`, and the client's port was taken towards this server. "
             "The flow got another port of the client's address.";
    case Reason::source_unavailable:
      return "weir could not use the wanted source address, and the flow was refused. The "
             "address may be missing on this router.";
    case Reason::reply_socket_taken:
      return "Another program holds the port that answers leave from. A raw socket sent "
             "them instead; clients notice nothing.";
    case Reason::reply_failed:
      return "The kernel refused to send a datagram to a client.";
    case Reason::send_failed:
      return "The kernel refused to send a datagram to a server.";
    case Reason::send_buffer_full:
      return "A datagram was dropped because the kernel's send buffer was full.";
    case Reason::datagram_too_big:
      return "A datagram is larger than the path allows, and was not sent.";
    case Reason::exceeds_mtu:
      return "A datagram is larger than the path's MTU. It was sent in fragments; one that "
             "forbids fragments was answered with ICMP too-big.";
    case Reason::relay_queue_full:
      return "While a SOCKS5 relay was being opened, more datagrams of the flow came than "
             "weir keeps. The rest was dropped.";
    case Reason::relay_malformed:
      return "A datagram from a SOCKS5 relay had no valid header and was dropped.";
    case Reason::relay_fragment:
      return "A datagram from a SOCKS5 relay was a SOCKS5 fragment (FRAG is not 0) and was "
             "dropped.";
    case Reason::relay_unexpected_source:
      return "A datagram for a SOCKS5 relay's socket came from another address than the "
             "relay's and was dropped.";
    case Reason::relay_stale_reply:
      return "A datagram from a SOCKS5 relay belonged to a flow that had ended, and was "
             "dropped.";
    case Reason::relay_elsewhere:
      return "A SOCKS5 server named a relay at another address than its own, and weir "
             "refused it. `relay = any` allows it.";
    case Reason::peer_unanswered:
      return "A peer opened a flow through a client's mapping, and the client never "
             "answered it.";
    case Reason::peer_local:
      return "A datagram claimed to come from this router or one of its neighbours, "
             "through a mapping. It was dropped.";
    case Reason::socket_renewed:
      return "An address, route or link changed under a UDP flow, and weir opened a fresh "
             "socket for it.";
    case Reason::icmp_from_server:
      return "A server, or a router on the way, answered with an ICMP error; weir passed "
             "it on to the client.";
    case Reason::icmp_send_failed:
      return "weir could not send an ICMP error to a client.";
    case Reason::icmp_rate_limited:
      return "weir did not send an ICMP error because it had sent too many.";
    case Reason::name_set_late:
      return "The kernel did not add a client and an address to a rule's nft set within 20 ms. "
             "weir "
             "passed the DNS answer on all the same: for a moment weir decided this client's new "
             "flows there, or the kernel did by what the client had looked up before.";
    case Reason::name_set_full:
      return "A rule's nft set was full (65,536 pairs of a client and an address, of each family), "
             "and weir could not add another. weir decides such flows itself.";
    case Reason::receive_queue_full:
      return "The kernel dropped datagrams because a worker had not read its socket in "
             "time.";
    case Reason::accept_failed:
      return "The kernel failed to hand over a connection that it had accepted.";
    case Reason::record_lost:
      return "The log's target did not take flow records fast enough, and they were lost.";
    case Reason::draining:
      return "A datagram of a new flow, or a connection that waited for the host, came while weir "
             "drains, and was dropped.";
    case Reason::count:
      break;
  }
  return {};
}

std::string_view meaning_of(End end) {
  switch (end) {
    case End::closed:
      return "Both sides finished. UDP: the flow was answered, then silent for its "
             "timeout; DNS: all its questions were answered.";
    case End::client_reset:
      return "The client reset the connection.";
    case End::server_reset:
      return "The server reset the connection, or the path to it was lost.";
    case End::connect_failed:
      return "No server accepted the connection; `error` has the last attempt's reason.";
    case End::connect_timeout:
      return "No server answered within `timeouts.connect`.";
    case End::handshake_failed:
      return "A proxy or other server on the way refused, or did not answer within "
             "`timeouts.handshake`.";
    case End::no_server:
      return "The upstream had no usable server.";
    case End::rejected:
      return "The upstream `reject` refused the flow.";
    case End::dropped:
      return "The upstream `drop` left the flow unanswered.";
    case End::limit:
      return "A limit on flows, descriptors or memory was reached; `error` names it.";
    case End::loop:
      return "The flow was weir's own and had come back to it.";
    case End::idle:
      return "The flow was silent for its timeout; UDP: without ever being answered.";
    case End::half_closed_timeout:
      return "One side had finished, and the other was silent for `timeouts.half-closed`.";
    case End::killed:
      return "`weir close` ended the flow.";
    case End::drained:
      return "weir ended before the flow did; `timeouts.drain` was over.";
    case End::invalid_destination:
      return "The destination is one that no flow of another machine can have.";
    case End::no_route:
      return "This router has no route to the destination, or its routing table forbids "
             "it.";
    case End::time_over:
      return "A window of a rule with `at-change = close` opened or closed, and the rules then "
             "decided the flow otherwise.";
    case End::bug:
      return "A fault of weir's own. Please report it.";
  }
  return {};
}

}  // namespace weir
