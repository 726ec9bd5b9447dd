// The problem: to be asked by bind() is what every address passes where net.ipv4.ip_nonlocal_bind
// or its twin is set, as it is on routers that share addresses (VRRP). All the world would be local
// there: replies would leave through raw sockets, and clients be taken for ourselves.
//
// The choice: the routing table's word for it (RTM_GETROUTE, rtnetlink(7)).
#include "base/local_address.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/descriptor.h"

namespace weir {
namespace {

struct Question {
  nlmsghdr header{};
  rtmsg route{};
  rtattr attribute{};
  std::array<std::uint8_t, 16> destination{};
};
static_assert(sizeof(Question) == NLMSG_LENGTH(sizeof(rtmsg)) + RTA_LENGTH(16), "no padding");

}  // namespace

bool is_local_address(const Address& address) {
  const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) {
    return false;
  }
  const bool is_v4 = address.family() == Family::v4;
  const std::size_t size = is_v4 ? 4 : 16;
  Question question;
  question.header.nlmsg_len =
      static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof(rtmsg)) + RTA_LENGTH(size));
  question.header.nlmsg_type = RTM_GETROUTE;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.route.rtm_family = is_v4 ? AF_INET : AF_INET6;
  question.route.rtm_dst_len = static_cast<std::uint8_t>(size * 8);
  question.attribute.rta_type = RTA_DST;
  question.attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
  // The last bytes: IPv4 is kept mapped.
  std::memcpy(question.destination.data(), address.bytes().data() + (16 - size), size);
  // The kernel has answered when send() returns, or has no memory for it.
  alignas(nlmsghdr) std::array<std::byte, 4096> answer{};
  if (send(socket.get(), &question, question.header.nlmsg_len, 0) < 0) {
    return false;
  }
  const ssize_t got = recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
  if (got < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(rtmsg)))) {
    return false;
  }
  nlmsghdr header{};
  std::memcpy(&header, answer.data(), sizeof header);
  rtmsg route{};
  std::memcpy(&route, answer.data() + NLMSG_HDRLEN, sizeof route);
  // Else it says why there is no route: NLMSG_ERROR.
  return header.nlmsg_type == RTM_NEWROUTE && route.rtm_type == RTN_LOCAL;
}

}  // namespace weir
