#include "intercept/half_open.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>

#include "base/netlink.h"

namespace weir {

Result<std::size_t> count_half_open() {
  std::size_t count = 0;
  for (const int domain : {AF_INET, AF_INET6}) {
    const auto socket = netlink::open(NETLINK_SOCK_DIAG);
    if (!socket) {
      return socket.error();
    }
    inet_diag_req_v2 request{};
    request.sdiag_family = static_cast<std::uint8_t>(domain);
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_states = 1U << TCP_SYN_RECV;
    const auto asked = netlink::dump(socket.value(), {SOCK_DIAG_BY_FAMILY, request},
                                     [&](netlink::Bytes) { ++count; });
    if (!asked) {
      return asked.error();
    }
  }
  return count;
}

}  // namespace weir
