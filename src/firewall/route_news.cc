#include "firewall/route_news.h"

#include <linux/rtnetlink.h>

#include <utility>

#include "firewall/script.h"

namespace weir::firewall {

using Extent = RouteSurvey::Extent;
using Scope = RouteSurvey::Scope;

bool changes_survey(netlink::Bytes message, RouteSurvey::Scope scope) {
  if (const auto route = kernel_route_in(message)) {
    return is_within(scope.of(route->family), *route);
  }
  if (const auto rule = routing_rule_in(message)) {
    return rule->protocol != route_protocol;
  }
  const auto header = netlink::read_as<nlmsghdr>(message);
  if (header && scope.links &&
      (header->nlmsg_type == RTM_NEWLINK || header->nlmsg_type == RTM_DELLINK)) {
    return true;
  }
  if (!header || (scope.v4 == Extent::leading_outside && scope.v6 == Extent::leading_outside)) {
    return false;
  }
  // The kernel drops IPv4 routes with their link or address, and says nothing of them.
  switch (header->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return true;
    default:
      return false;
  }
}

Result<std::unique_ptr<RouteNews>> RouteNews::open(Loop& loop, std::function<Scope()> scope,
                                                   std::function<void()> on_news) {
  auto socket = netlink::subscribe(
      NETLINK_ROUTE, {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
                      RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR});
  if (!socket) {
    return socket.error();
  }
  std::unique_ptr<RouteNews> news(
      new RouteNews(std::move(socket).value(), std::move(scope), std::move(on_news)));
  news->poll_ = std::make_unique<Poll>(loop, news->socket_.get(),
                                       [raw = news.get()](Poll::Ready) { raw->hear(); });
  news->poll_->watch({.readable = true, .writable = false});
  return news;
}

RouteNews::RouteNews(Descriptor socket, std::function<Scope()> scope, std::function<void()> on_news)
    : socket_(std::move(socket)), scope_(std::move(scope)), on_news_(std::move(on_news)) {}

void RouteNews::hear() {
  const Scope scope = scope_();
  bool matters = false;
  const bool all = netlink::drain(socket_, [&](netlink::Bytes message) {
    matters = matters || changes_survey(message, scope);
  });
  if (matters || !all) {
    on_news_();
  }
}

}  // namespace weir::firewall
