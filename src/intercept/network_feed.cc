#include "intercept/network_feed.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/netlink.h"

namespace weir {

Result<std::unique_ptr<NetworkFeed>> NetworkFeed::open(Loop& loop,
                                                       std::function<void()> on_change) {
  auto socket = netlink::subscribe(
      NETLINK_ROUTE, {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                      RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE});
  if (!socket) {
    return socket.error();
  }
  return std::unique_ptr<NetworkFeed>(
      new NetworkFeed(loop, std::move(socket).value(), std::move(on_change)));
}

NetworkFeed::NetworkFeed(Loop& loop, Descriptor socket, std::function<void()> on_change)
    : on_change_(std::move(on_change)),
      socket_(std::move(socket)),
      poll_(std::make_unique<Poll>(loop, socket_.get(), [this](Poll::Ready) { hear(); })),
      timer_(loop, [this]() {
        waits_ = false;
        notified_ = clock_now();
        on_change_();
      }) {
  poll_->watch({.readable = true, .writable = false});
}

void NetworkFeed::hear() {
  // Which change it was does not matter, nor whether messages were lost.
  static_cast<void>(netlink::drain(socket_, [](netlink::Bytes) {}));
  if (waits_) {
    return;
  }
  waits_ = true;
  const auto since = std::chrono::duration_cast<Milliseconds>(clock_now() - notified_);
  timer_.once(std::max<Milliseconds>(gathering, min_between - since));
}

}  // namespace weir
