// The problem: bind() takes every address where net.ipv4.ip_nonlocal_bind or its twin is set, as it
// is on routers that share addresses (VRRP). By that test all the world would be local there:
// replies would leave through raw sockets, and clients would be taken for ourselves.
//
// The choice: the routing table's word for it (RTM_GETROUTE, rtnetlink(7)).
#include "base/local_address.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/netlink.h"

namespace weir {
namespace {

netlink::Request question_for(const Address& address) {
  rtmsg route{};
  route.rtm_family = address.is_v4() ? AF_INET : AF_INET6;
  route.rtm_dst_len = address.is_v4() ? 32 : 128;
  netlink::Request request(RTM_GETROUTE, route);
  if (address.is_v4()) {
    request.add(RTA_DST, address.to_v4());
  } else {
    request.add(RTA_DST, address.to_v6());
  }
  if (const std::uint32_t link = address.scope(); link != 0) {
    request.add(RTA_OIF, link);
  }
  return request;
}

bool is_ours(unsigned char type) {
  return type == RTN_LOCAL || type == RTN_BROADCAST || type == RTN_ANYCAST || type == RTN_MULTICAST;
}

}  // namespace

bool is_local_address(const Address& address) {
  const auto socket = netlink::open(NETLINK_ROUTE);
  if (!socket) {
    return false;
  }
  const auto answer = netlink::ask(socket.value(), question_for(address));
  const auto route = answer ? netlink::body_as<rtmsg>(answer.value()) : std::nullopt;
  return route && is_ours(route->rtm_type);
}

}  // namespace weir
