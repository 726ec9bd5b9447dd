#include "intercept/neighbour_query.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/netlink.h"

namespace weir {
namespace {

netlink::Request about(std::uint16_t type, const Address& address, std::uint32_t link,
                       std::uint8_t flags) {
  ndmsg header{};
  header.ndm_family = static_cast<std::uint8_t>(address.is_v4() ? AF_INET : AF_INET6);
  header.ndm_ifindex = static_cast<int>(link);
  header.ndm_flags = flags;
  netlink::Request out(type, header);
  if (address.is_v4()) {
    out.add(NDA_DST, address.to_v4());
  } else {
    out.add(NDA_DST, address.to_v6());
  }
  return out;
}

// False: the kernel was not asked.
bool begin_to_look(const Descriptor& socket, const Address& address, std::uint32_t link) {
  const auto message =
      about(RTM_NEWNEIGH, address, link, NTF_USE).message(NLM_F_REQUEST | NLM_F_CREATE);
  return ::send(socket.get(), message.data(), message.size(), 0) >= 0;
}

}  // namespace

Neighbours::Device NeighbourQuery::known(const Address& address, std::uint32_t link) {
  if (!socket_) {
    auto opened = netlink::open(NETLINK_ROUTE);
    if (!opened) {
      return 0;
    }
    socket_ = std::move(opened).value();
  }
  const auto answer = netlink::ask(*socket_, about(RTM_GETNEIGH, address, link, 0));
  if (!answer) {
    return 0;
  }
  NeighbourTable one;
  one.apply(answer.value());
  return one.device_at(address, link);
}

Neighbours::Device NeighbourQuery::looked_for(const Address& address, std::uint32_t link,
                                              Milliseconds longest) {
  const auto news = netlink::subscribe(NETLINK_ROUTE, {RTNLGRP_NEIGH});
  if (!news || !begin_to_look(news.value(), address, link)) {
    return 0;
  }
  const Instant end = clock_now() + longest;
  for (;;) {
    if (const auto device = known(address, link); device != 0) {
      return device;
    }
    const auto left = std::chrono::ceil<Milliseconds>(end - clock_now());
    pollfd heard{.fd = news.value().get(), .events = POLLIN, .revents = 0};
    if (left <= Milliseconds{0} || ::poll(&heard, 1, static_cast<int>(left.count())) <= 0) {
      return 0;
    }
    static_cast<void>(netlink::drain(news.value(), [](netlink::Bytes) {}));
  }
}

}  // namespace weir
