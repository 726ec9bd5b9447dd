#include "flow/dial_failure.h"

namespace weir {

DialFailure failure_of(TcpDial::Outcome outcome) {
  switch (outcome) {
    case TcpDial::Outcome::rejected:
      return {End::rejected, Reason::rejected};
    case TcpDial::Outcome::dropped:
      return {End::dropped, Reason::dropped};
    case TcpDial::Outcome::no_server:
      return {End::no_server, Reason::no_server};
    case TcpDial::Outcome::out_of_descriptors:
      return {End::limit, Reason::out_of_descriptors};
    case TcpDial::Outcome::refused:
      return {End::connect_failed, Reason::connect_refused};
    case TcpDial::Outcome::unreachable:
      return {End::connect_failed, Reason::connect_unreachable};
    case TcpDial::Outcome::no_route:
      return {End::no_route, Reason::no_route};
    case TcpDial::Outcome::timed_out:
      return {End::connect_timeout, Reason::connect_timeout};
    case TcpDial::Outcome::source_unavailable:
      return {End::connect_failed, Reason::source_unavailable};
    case TcpDial::Outcome::handshake_failed:
      return {End::handshake_failed, Reason::handshake_failed};
    case TcpDial::Outcome::handshake_timed_out:
      return {End::handshake_failed, Reason::handshake_timeout};
    case TcpDial::Outcome::target_failed:
      return {End::connect_failed, Reason::target_unreachable};
    default:
      return {End::connect_failed, Reason::connect_error};
  }
}

}  // namespace weir
