#include "firewall/change_feed.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <fstream>
#include <utility>
#include <vector>

#include "base/transparent.h"
#include "firewall/policy_routes.h"

namespace weir::firewall {

using netlink::body_as;
using netlink::Bytes;
using netlink::each_attribute;
using netlink::read_as;
using netlink::text_of;

namespace {

// Every nft object but the generation has the name of its table in the attribute 1
// (NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, …).
constexpr std::uint16_t table_name = NFTA_TABLE_NAME;

// NFPROTO_INET of linux/netfilter.h, which cannot be included beside netinet/in.h.
constexpr std::uint8_t family_inet = 1;

bool has_something_of_weir(Backend backend, std::uint8_t family, const std::string& table) {
  if (backend == Backend::nft) {
    return family == family_inet && table == "weir";
  }
  return (family == AF_INET || family == AF_INET6) && (table == "mangle" || table == "filter");
}

// The port number of a netlink socket is usually its process's; that may be gone by now.
std::string program_of(std::uint32_t port) {
  std::ifstream in("/proc/" + std::to_string(port) + "/comm");
  std::string name;
  std::getline(in, name);
  return name;
}

Result<Descriptor> subscribe(int protocol, std::initializer_list<int> groups) {
  auto socket = netlink::open(protocol, SOCK_NONBLOCK);
  if (!socket) {
    return socket;
  }
  // A table with thousands of set elements says each of them when it goes.
  constexpr int room = 1 << 20;
  (void)set_option(socket.value().get(), SOL_SOCKET, SO_RCVBUFFORCE, room);
  for (const int group : groups) {
    if (!set_option(socket.value().get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)) {
      return system_error("cannot watch the firewall", errno);
    }
  }
  return socket;
}

// Calls `each` with what has arrived. False when something was lost.
bool drain(const Descriptor& socket, const std::function<void(Bytes)>& each) {
  std::vector<std::byte> buffer(std::size_t{64} * 1024);
  for (;;) {
    const ssize_t size = recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0) {
      return errno != ENOBUFS;
    }
    if (size == 0) {
      return true;
    }
    netlink::each_message(Bytes(buffer).first(static_cast<std::size_t>(size)),
                          [&](const nlmsghdr&, Bytes message) { each(message); });
  }
}

}  // namespace

Change nft_change_in(Bytes message, Backend backend) {
  const auto header = read_as<nlmsghdr>(message);
  const auto object = body_as<nfgenmsg>(message);
  if (!header || header->nlmsg_type >> 8U != NFNL_SUBSYS_NFTABLES || !object) {
    return {};
  }
  const bool generation = (header->nlmsg_type & 0xffU) == NFT_MSG_NEWGEN;
  Change change;
  each_attribute(
      message, sizeof(nlmsghdr) + sizeof(nfgenmsg), [&](std::uint16_t type, Bytes content) {
        if (generation && type == NFTA_GEN_PROC_NAME) {
          change.who = text_of(content);
        } else if (!generation && type == table_name &&
                   has_something_of_weir(backend, object->nfgen_family, text_of(content))) {
          change.about = Change::About::rules;
        }
      });
  if (generation) {
    change.about = Change::About::generation;
  }
  return change;
}

Change route_change_in(Bytes message, std::uint32_t table) {
  const auto header = read_as<nlmsghdr>(message);
  const bool is_rule = policy_rule_in(message).has_value();
  const auto route = route_in(message);
  if (!header || (!is_rule && (!route || route->table != table))) {
    return {};
  }
  return {.about = Change::About::routes, .who = program_of(header->nlmsg_pid)};
}

Result<std::unique_ptr<ChangeFeed>> ChangeFeed::open(
    Loop& loop, Backend backend, std::uint32_t table,
    std::function<void(const std::string& who)> on_change) {
  auto nft = subscribe(NETLINK_NETFILTER, {NFNLGRP_NFTABLES});
  if (!nft) {
    return nft.error();
  }
  auto routes = subscribe(NETLINK_ROUTE, {RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_ROUTE,
                                          RTNLGRP_IPV6_ROUTE});
  if (!routes) {
    return routes.error();
  }
  std::unique_ptr<ChangeFeed> feed(new ChangeFeed(backend, table, std::move(nft).value(),
                                                  std::move(routes).value(), std::move(on_change)));
  feed->watch(loop);
  return feed;
}

ChangeFeed::ChangeFeed(Backend backend, std::uint32_t table, Descriptor nft, Descriptor routes,
                       std::function<void(const std::string& who)> on_change)
    : backend_(backend),
      table_(table),
      on_change_(std::move(on_change)),
      nft_(std::move(nft)),
      routes_(std::move(routes)) {}

void ChangeFeed::watch(Loop& loop) {
  nft_poll_ = std::make_unique<Poll>(loop, nft_.get(), [this](Poll::Ready) { hear_nft(); });
  routes_poll_ =
      std::make_unique<Poll>(loop, routes_.get(), [this](Poll::Ready) { hear_routes(); });
  for (const auto* poll : {&nft_poll_, &routes_poll_}) {
    (*poll)->watch({.readable = true, .writable = false});
  }
}

void ChangeFeed::hear_nft() {
  const bool all = drain(nft_, [this](Bytes message) {
    const Change change = nft_change_in(message, backend_);
    if (change.about == Change::About::rules) {
      touched_ = true;
    } else if (change.about == Change::About::generation && std::exchange(touched_, false)) {
      on_change_(change.who);
    }
  });
  if (!all) {
    on_change_("");
  }
}

void ChangeFeed::hear_routes() {
  const bool all = drain(routes_, [this](Bytes message) {
    if (const Change change = route_change_in(message, table_);
        change.about == Change::About::routes) {
      on_change_(change.who);
    }
  });
  if (!all) {
    on_change_("");
  }
}

}  // namespace weir::firewall
