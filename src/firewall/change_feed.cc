#include "firewall/change_feed.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <fstream>
#include <limits>
#include <utility>
#include <vector>

#include "firewall/name_rules.h"
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
  const bool of_iptables = family == AF_INET || family == AF_INET6;
  if (backend == Backend::nft) {
    // With either backend INPUT of iptables has to let in what is intercepted.
    return (family == family_inet && table == "weir") || (of_iptables && table == "filter");
  }
  return of_iptables && (table == "mangle" || table == "filter" || table == "nat");
}

// The port number of a netlink socket is usually its process's; that may be gone by now.
std::string program_of(std::uint32_t port) {
  std::ifstream in("/proc/" + std::to_string(port) + "/comm");
  std::string name;
  std::getline(in, name);
  return name;
}

}  // namespace

Change nft_change_in(Bytes message, Backend backend) {
  const auto header = read_as<nlmsghdr>(message);
  const auto object = body_as<nfgenmsg>(message);
  if (!header || header->nlmsg_type >> 8U != NFNL_SUBSYS_NFTABLES || !object) {
    return {};
  }
  const unsigned what = header->nlmsg_type & 0xffU;
  const bool generation = what == NFT_MSG_NEWGEN;
  const bool element = what == NFT_MSG_NEWSETELEM || what == NFT_MSG_DELSETELEM;
  Change change;
  bool is_pair = false;
  each_attribute(
      message, sizeof(nlmsghdr) + sizeof(nfgenmsg), [&](std::uint16_t type, Bytes content) {
        if (generation && type == NFTA_GEN_PROC_NAME) {
          change.program = text_of(content);
        } else if (!generation && type == table_name &&
                   has_something_of_weir(backend, object->nfgen_family, text_of(content))) {
          change.about = Change::About::rules;
        } else if (element && type == NFTA_SET_ELEM_LIST_SET) {
          is_pair = text_of(content).starts_with(name_sets_begin);
        }
      });
  if (is_pair) {
    return {};
  }
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
  return {.about = Change::About::routes, .program = program_of(header->nlmsg_pid)};
}

Change link_change_in(Bytes message, unsigned lo) {
  const auto header = read_as<nlmsghdr>(message);
  if (!header) {
    return {};
  }
  unsigned interface = 0;
  if (header->nlmsg_type == RTM_NEWLINK || header->nlmsg_type == RTM_DELLINK) {
    const auto link = body_as<ifinfomsg>(message);
    interface = link ? static_cast<unsigned>(link->ifi_index) : 0;
  } else if (header->nlmsg_type == RTM_NEWADDR || header->nlmsg_type == RTM_DELADDR) {
    const auto address = body_as<ifaddrmsg>(message);
    interface = address ? address->ifa_index : 0;
  }
  if (interface != lo || lo == 0) {
    return {};
  }
  return {.about = Change::About::link, .program = ""};
}

namespace {

// Drops the datagrams whose first message says that this port has made the change: all that is in
// one is of one transaction. Without the filter all that is lost is time.
void leave_out(const Descriptor& socket, std::uint32_t port) {
  std::array<sock_filter, 4> lines{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),  // it is loaded as the network has it
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, std::numeric_limits<std::uint32_t>::max()),
  }};
  const sock_fprog program{.len = lines.size(), .filter = lines.data()};
  setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace

Result<std::unique_ptr<ChangeFeed>> ChangeFeed::open(Loop& loop, Backend backend,
                                                     std::uint32_t table, std::uint32_t own,
                                                     OnChange on_change) {
  auto nft = netlink::subscribe(NETLINK_NETFILTER, {NFNLGRP_NFTABLES});
  if (!nft) {
    return nft.error();
  }
  if (own != 0) {
    leave_out(nft.value(), own);
  }
  auto routes = netlink::subscribe(
      NETLINK_ROUTE, {RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
                      RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR});
  if (!routes) {
    return routes.error();
  }
  std::unique_ptr<ChangeFeed> feed(new ChangeFeed(backend, table, std::move(nft).value(),
                                                  std::move(routes).value(), std::move(on_change)));
  feed->watch(loop);
  return feed;
}

ChangeFeed::ChangeFeed(Backend backend, std::uint32_t table, Descriptor nft, Descriptor routes,
                       OnChange on_change)
    : backend_(backend),
      table_(table),
      lo_(if_nametoindex("lo")),
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
  const bool all = netlink::drain(nft_, [this](Bytes message) {
    const Change change = nft_change_in(message, backend_);
    if (change.about == Change::About::rules) {
      touched_ = true;
    } else if (change.about == Change::About::generation && std::exchange(touched_, false)) {
      on_change_({.about = Change::About::rules, .program = change.program});
    }
  });
  if (!all) {
    on_change_({.about = Change::About::routes, .program = ""});
  }
}

void ChangeFeed::hear_routes() {
  const bool all = netlink::drain(routes_, [this](Bytes message) {
    for (const Change& change : {route_change_in(message, table_), link_change_in(message, lo_)}) {
      if (change.about != Change::About::nothing) {
        on_change_(change);
      }
    }
  });
  if (!all) {
    on_change_({.about = Change::About::routes, .program = ""});
  }
}

}  // namespace weir::firewall
