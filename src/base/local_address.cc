// The problem: to be asked by bind() is what every address passes where net.ipv4.ip_nonlocal_bind
// or its twin is set, as it is on routers that share addresses (VRRP). All the world would be local
// there: replies would leave through raw sockets, and clients be taken for ourselves.
//
// The choice: the routing table's word for it (RTM_GETROUTE, rtnetlink(7)).
#include "base/local_address.h"

#include <linux/rtnetlink.h>
#include <netinet/in.h>
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
  std::array<std::byte, RTA_SPACE(sizeof(in6_addr)) + RTA_SPACE(sizeof(std::uint32_t))>
      attributes{};

  void add(std::uint16_t type, const void* value, std::size_t size) {
    rtattr head{};
    head.rta_type = type;
    head.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
    std::byte* at = attributes.data() + used;
    std::memcpy(at, &head, sizeof head);
    std::memcpy(at + RTA_LENGTH(0), value, size);
    used += RTA_SPACE(size);
    header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof(rtmsg)) + used);
  }
  std::size_t used = 0;
};
static_assert(offsetof(Question, attributes) == NLMSG_LENGTH(sizeof(rtmsg)), "no padding");

bool is_ours(unsigned char type) {
  return type == RTN_LOCAL || type == RTN_BROADCAST || type == RTN_ANYCAST || type == RTN_MULTICAST;
}

}  // namespace

bool is_local_address(const Address& address) {
  const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) {
    return false;
  }
  const bool is_v4 = address.is_v4();
  const in_addr v4 = is_v4 ? address.to_v4() : in_addr{};
  const in6_addr v6 = address.to_v6();
  const std::uint32_t scope = address.scope();
  Question question;
  question.header.nlmsg_type = RTM_GETROUTE;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.route.rtm_family = is_v4 ? AF_INET : AF_INET6;
  question.route.rtm_dst_len = is_v4 ? 32 : 128;
  question.add(RTA_DST, is_v4 ? static_cast<const void*>(&v4) : &v6, is_v4 ? sizeof v4 : sizeof v6);
  if (scope != 0) {
    question.add(RTA_OIF, &scope, sizeof scope);
  }
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
  return header.nlmsg_type == RTM_NEWROUTE && is_ours(route.rtm_type);
}

}  // namespace weir
