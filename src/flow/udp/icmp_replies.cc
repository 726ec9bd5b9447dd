#include "flow/udp/icmp_replies.h"

#include <cerrno>

namespace weir {

bool IcmpReplies::may_send() {
  if (bucket_.take(now_)) {
    return true;
  }
  reasons_.add(Reason::icmp_rate_limited);
  return false;
}

void IcmpReplies::tell_unreachable(const Flow& flow, RawSender::Unreachable what) {
  if (may_send() && raw_.send_unreachable(flow.client, flow.destination, what) != 0) {
    reasons_.add(Reason::icmp_send_failed);
  }
}

void IcmpReplies::tell_no_route(const Flow& flow, int code) {
  switch (code) {
    case EACCES:
      return tell_unreachable(flow, RawSender::Unreachable::by_prohibition);
    case EHOSTUNREACH:
      return tell_unreachable(flow, RawSender::Unreachable::by_no_host);
    case ENETUNREACH:
      return tell_unreachable(flow, RawSender::Unreachable::by_no_route);
    default:
      return;
  }
}

void IcmpReplies::tell_too_big(const Endpoint& to, const Endpoint& destination, std::uint32_t mtu) {
  if (may_send() && raw_.send_too_big(to, destination, mtu) != 0) {
    reasons_.add(Reason::icmp_send_failed);
  }
}

}  // namespace weir
