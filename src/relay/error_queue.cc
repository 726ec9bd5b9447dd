#include "relay/error_queue.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

// After the socket headers, which it needs.
#include <linux/errqueue.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace weir {

std::optional<IcmpError> next_icmp_error(int fd, const SocketCalls& calls) {
  sockaddr_storage peer{};
  std::array<std::uint8_t, 64> quoted{};
  alignas(cmsghdr) std::array<std::byte, 512> control{};
  iovec vector{quoted.data(), quoted.size()};
  msghdr message{};
  message.msg_name = &peer;
  message.msg_namelen = sizeof peer;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (calls.recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
    return std::nullopt;
  }
  IcmpError out;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    const bool ours = (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
                      (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR);
    if (ours) {
      sock_extended_err error{};
      std::memcpy(&error, CMSG_DATA(c), sizeof error);
      if (error.ee_origin == SO_EE_ORIGIN_ICMP || error.ee_origin == SO_EE_ORIGIN_ICMP6) {
        // Whatever else there is (time exceeded, a parameter problem) is about the path, and about
        // one datagram on it.
        const bool unreachable =
            error.ee_origin == SO_EE_ORIGIN_ICMP
                ? error.ee_type == ICMP_DEST_UNREACH && error.ee_code != ICMP_FRAG_NEEDED
                : error.ee_type == ICMP6_DST_UNREACH;
        out.peer = Endpoint::from(peer);
        out.is_too_big = error.ee_errno == EMSGSIZE;
        out.code = unreachable ? static_cast<int>(error.ee_errno) : 0;
      }
    }
  }
  return out;
}

}  // namespace weir
