#include "account/reason.h"

#include <algorithm>
#include <array>

namespace weir {

// A switch and no table: the compiler reports a reason without a name.
std::string_view name_of(Reason reason) {
  switch (reason) {
    case Reason::no_original_destination:
      return "no-original-destination";
    case Reason::datagram_truncated:
      return "datagram-truncated";
    case Reason::invalid_destination:
      return "invalid-destination";
    case Reason::loop:
      return "loop";
    case Reason::own_server:
      return "own-server";
    case Reason::own_proxy:
      return "own-proxy";
    case Reason::max_flows:
      return "max-flows";
    case Reason::max_flows_per_client:
      return "max-flows-per-client";
    case Reason::rule_max_flows:
      return "rule-max-flows";
    case Reason::evicted:
      return "evicted";
    case Reason::rule_max_flows_per_client:
      return "rule-max-flows-per-client";
    case Reason::out_of_descriptors:
      return "out-of-descriptors";
    case Reason::out_of_memory:
      return "out-of-memory";
    case Reason::rejected:
      return "rejected";
    case Reason::dropped:
      return "dropped";
    case Reason::no_server:
      return "no-server";
    case Reason::connect_refused:
      return "connect-refused";
    case Reason::connect_unreachable:
      return "connect-unreachable";
    case Reason::no_route:
      return "no-route";
    case Reason::connect_timeout:
      return "connect-timeout";
    case Reason::connect_error:
      return "connect-error";
    case Reason::handshake_failed:
      return "handshake-failed";
    case Reason::handshake_timeout:
      return "handshake-timeout";
    case Reason::policy_route:
      return "policy-route";
    case Reason::target_unreachable:
      return "target-unreachable";
    case Reason::retried:
      return "retried";
    case Reason::server_first:
      return "server-first";
    case Reason::name_forgotten:
      return "name-forgotten";
    case Reason::source_port_taken:
      return "source-port-taken";
    case Reason::source_unavailable:
      return "source-unavailable";
    case Reason::reply_socket_taken:
      return "reply-socket-taken";
    case Reason::reply_failed:
      return "reply-failed";
    case Reason::send_failed:
      return "send-failed";
    case Reason::send_buffer_full:
      return "send-buffer-full";
    case Reason::datagram_too_big:
      return "datagram-too-big";
    case Reason::exceeds_mtu:
      return "exceeds-mtu";
    case Reason::relay_queue_full:
      return "relay-queue-full";
    case Reason::relay_malformed:
      return "relay-malformed";
    case Reason::relay_fragment:
      return "relay-fragment";
    case Reason::relay_unexpected_source:
      return "relay-unexpected-source";
    case Reason::relay_stale_reply:
      return "relay-stale-reply";
    case Reason::relay_elsewhere:
      return "relay-elsewhere";
    case Reason::peer_unanswered:
      return "peer-unanswered";
    case Reason::peer_local:
      return "peer-local";
    case Reason::socket_renewed:
      return "socket-renewed";
    case Reason::icmp_from_server:
      return "icmp-from-server";
    case Reason::icmp_send_failed:
      return "icmp-send-failed";
    case Reason::icmp_rate_limited:
      return "icmp-rate-limited";
    case Reason::name_set_late:
      return "name-set-late";
    case Reason::name_set_full:
      return "name-set-full";
    case Reason::receive_queue_full:
      return "receive-queue-full";
    case Reason::accept_failed:
      return "accept-failed";
    case Reason::record_lost:
      return "record-lost";
    case Reason::draining:
      return "draining";
    case Reason::count:
      break;
  }
  return "unknown";
}

bool is_second_best(std::string_view reason) {
  constexpr std::array second_best{
      Reason::own_server,        Reason::own_proxy,          Reason::retried,
      Reason::source_port_taken, Reason::reply_socket_taken, Reason::socket_renewed,
      Reason::icmp_from_server,  Reason::server_first,       Reason::name_forgotten,
      Reason::name_set_late,     Reason::name_set_full};
  return std::any_of(second_best.begin(), second_best.end(),
                     [&](Reason one) { return name_of(one) == reason; });
}

}  // namespace weir
