#include "base/links.h"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/names.h"

namespace weir {

namespace {

// Masters of masters: a bond may be a port of a bridge. More is a loop.
constexpr int most_masters = 8;

// IFLA_LINKINFO is attributes within an attribute.
std::string kind_of_port(netlink::Bytes link_info) {
  std::string kind;
  netlink::each_attribute(link_info, 0, [&](std::uint16_t type, netlink::Bytes content) {
    if (type == IFLA_INFO_SLAVE_KIND) {
      kind = netlink::text_of(content);
    }
  });
  return kind;
}

const Link* find(std::span<const Link> links, auto&& is_it) {
  const auto found = std::find_if(links.begin(), links.end(), is_it);
  return found == links.end() ? nullptr : &*found;
}

}  // namespace

Link link_in(netlink::Bytes message) {
  Link link;
  const auto header = netlink::read_as<nlmsghdr>(message);
  const auto fixed = netlink::body_as<ifinfomsg>(message);
  if (!header || header->nlmsg_type != RTM_NEWLINK || !fixed) {
    return link;
  }
  link.index = static_cast<unsigned>(fixed->ifi_index);
  unsigned master = 0;
  netlink::each_attribute(message, sizeof(nlmsghdr) + sizeof(ifinfomsg),
                          [&](std::uint16_t type, netlink::Bytes content) {
                            if (type == IFLA_IFNAME) {
                              link.name = netlink::text_of(content);
                            } else if (type == IFLA_MASTER) {
                              master = netlink::read_as<std::uint32_t>(content).value_or(0);
                            } else if (type == IFLA_LINKINFO) {
                              link.master_kind = kind_of_port(content);
                            }
                          });
  const bool gives_away =
      link.master_kind == "bridge" || link.master_kind == "bond" || link.master_kind == "team";
  link.master = gives_away ? master : 0;
  if (link.master == 0) {
    link.master_kind.clear();
  }
  return link;
}

Result<std::vector<Link>> read_links() {
  auto socket = netlink::open(NETLINK_ROUTE);
  if (!socket) {
    return socket.error();
  }
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  netlink::Request request(RTM_GETLINK, header);
  request.add(IFLA_EXT_MASK, static_cast<std::uint32_t>(RTEXT_FILTER_SKIP_STATS));
  std::vector<Link> links;
  const auto read = netlink::dump(socket.value(), request, [&](netlink::Bytes message) {
    if (Link link = link_in(message); link.index != 0) {
      links.push_back(std::move(link));
    }
  });
  if (!read) {
    return read.error();
  }
  return links;
}

const Link* inbound_master(std::span<const Link> links, std::string_view name) {
  const Link* link = find(links, [&](const Link& one) { return one.name == name; });
  const Link* master = nullptr;
  for (int depth = 0; link != nullptr && link->master != 0 && depth < most_masters; ++depth) {
    link = find(links, [&](const Link& one) { return one.index == link->master; });
    master = link != nullptr ? link : master;
  }
  return master;
}

std::vector<std::string> inbound_names(std::span<const Link> links,
                                       std::span<const std::string> names) {
  std::vector<std::string> met;
  const auto add = [&](const std::string& name) {
    if (std::find(met.begin(), met.end(), name) == met.end()) {
      met.push_back(name);
    }
  };
  for (const std::string& name : names) {
    const bool pattern = name.ends_with('*');
    if (pattern || inbound_master(links, name) == nullptr) {
      add(name);
    }
    for (const Link& link : links) {
      const Link* master = inbound_master(links, link.name);
      if (master != nullptr && covers_interface(name, link.name) &&
          !(pattern && covers_interface(name, master->name))) {
        add(master->name);
      }
    }
  }
  return met;
}

std::vector<std::string> port_warnings(std::span<const Link> links,
                                       std::span<const std::string> names,
                                       std::string_view effect) {
  std::vector<std::string> warnings;
  for (const std::string& name : names) {
    for (const Link& link : links) {
      const Link* master = inbound_master(links, link.name);
      if (master == nullptr || !covers_interface(name, link.name) ||
          covers_interface(name, master->name)) {
        continue;
      }
      warnings.push_back(
          fmt::format("{0} is a port of {1}; packets come in by {1}, so all of {1} "
                      "{2}: write {1}",
                      link.name, master->name, effect));
    }
  }
  return warnings;
}

}  // namespace weir
