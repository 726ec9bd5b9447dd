#include "base/surroundings.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/netlink.h"

namespace weir {
namespace {

std::optional<Address> address_in(unsigned char family, netlink::Bytes content) {
  if (family == AF_INET) {
    const auto four = netlink::read_as<in_addr>(content);
    return four ? std::optional(Address::v4(*four)) : std::nullopt;
  }
  const auto six = netlink::read_as<in6_addr>(content);
  return six ? std::optional(Address::v6(*six)) : std::nullopt;
}

std::optional<Surroundings::Entry> entry_in(netlink::Bytes message) {
  const auto header = netlink::body_as<ifaddrmsg>(message);
  if (!header || (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)) {
    return std::nullopt;
  }
  // IFA_ADDRESS is the other end of a link that has one, and then IFA_LOCAL is ours.
  std::optional<Address> own;
  std::optional<Address> listed;
  netlink::each_attribute(message, sizeof(nlmsghdr) + sizeof(ifaddrmsg),
                          [&](std::uint16_t type, netlink::Bytes content) {
                            if (type == IFA_LOCAL) {
                              own = address_in(header->ifa_family, content);
                            } else if (type == IFA_ADDRESS) {
                              listed = address_in(header->ifa_family, content);
                            }
                          });
  if (!listed) {
    listed = own;
  }
  if (!listed) {
    return std::nullopt;
  }
  return Surroundings::Entry{.own = own.value_or(*listed),
                             .network = {.address = network_of(*listed, header->ifa_prefixlen),
                                         .length = header->ifa_prefixlen},
                             .interface = header->ifa_index};
}

}  // namespace

Surroundings::Surroundings(std::span<const Entry> entries) {
  for (const Entry& entry : entries) {
    own_.insert(entry.own);
    networks_.push_back({entry.network, entry.interface});
  }
  std::stable_sort(networks_.begin(), networks_.end(), [](const Network& a, const Network& b) {
    return a.prefix.length > b.prefix.length;
  });
}

Result<std::vector<Surroundings::Entry>> Surroundings::read_entries() {
  auto socket = netlink::open(NETLINK_ROUTE);
  if (!socket) {
    return socket.error();
  }
  std::vector<Entry> entries;
  const auto heard = netlink::dump(socket.value(), netlink::Request(RTM_GETADDR, ifaddrmsg{}),
                                   [&](netlink::Bytes message) {
                                     if (auto entry = entry_in(message)) {
                                       entries.push_back(*entry);
                                     }
                                   });
  if (!heard) {
    return heard.error();
  }
  return entries;
}

Result<Surroundings> Surroundings::read() {
  const auto entries = read_entries();
  return entries ? Result<Surroundings>(Surroundings(entries.value())) : entries.error();
}

std::uint32_t Surroundings::interface_of(const Address& address) const {
  const auto found = std::find_if(networks_.begin(), networks_.end(), [&](const Network& network) {
    return network.prefix.contains(address);
  });
  return found == networks_.end() ? 0 : found->interface;
}

}  // namespace weir
