#include "intercept/neighbours.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace weir {
namespace {

constexpr Milliseconds together{100};

std::optional<Address> address_of(std::uint8_t family, std::uint32_t link, netlink::Bytes bytes) {
  if (family == AF_INET) {
    const auto address = netlink::read_as<in_addr>(bytes);
    return address ? std::optional(Address::v4(*address)) : std::nullopt;
  }
  const auto address = netlink::read_as<in6_addr>(bytes);
  if (!address) {
    return std::nullopt;
  }
  return Address::v6(*address, IN6_IS_ADDR_LINKLOCAL(&*address) ? link : 0);
}

// Six bytes, as Ethernet and WLAN have them; others (tunnels, InfiniBand) are no devices to us.
Neighbours::Device device_of(netlink::Bytes bytes) {
  constexpr std::size_t mac = 6;
  Neighbours::Device out = 0;
  if (bytes.size() == mac) {
    std::memcpy(&out, bytes.data(), mac);
  }
  return out;
}

Result<> read_into(NeighbourTable& table) {
  auto socket = netlink::open(NETLINK_ROUTE);
  if (!socket) {
    return socket.error();
  }
  return netlink::dump(socket.value(), netlink::Request(RTM_GETNEIGH, ndmsg{}),
                       [&table](netlink::Bytes message) { table.apply(message); });
}

}  // namespace

Result<std::shared_ptr<const Neighbours>> read_neighbours() {
  NeighbourTable table;
  if (auto read = read_into(table); !read) {
    return read.error();
  }
  return table.share();
}

void Neighbours::add(const Address& address, Device device) {
  Device& known = devices_[address];
  if (known == device) {
    return;
  }
  if (known != 0) {
    std::erase(addresses_[known], address);
  }
  known = device;
  if (device != 0) {
    addresses_[device].push_back(address);
  }
}

bool NeighbourTable::apply(netlink::Bytes message) {
  const auto header = netlink::read_as<nlmsghdr>(message);
  const auto about = netlink::body_as<ndmsg>(message);
  if (!header || !about || (about->ndm_family != AF_INET && about->ndm_family != AF_INET6) ||
      (header->nlmsg_type != RTM_NEWNEIGH && header->nlmsg_type != RTM_DELNEIGH)) {
    return false;
  }
  const auto link = static_cast<std::uint32_t>(about->ndm_ifindex);
  std::optional<Address> address;
  Neighbours::Device device = 0;
  netlink::each_attribute(message, sizeof(nlmsghdr) + sizeof(ndmsg),
                          [&](std::uint16_t type, netlink::Bytes content) {
                            if (type == NDA_DST) {
                              address = address_of(about->ndm_family, link, content);
                            } else if (type == NDA_LLADDR) {
                              device = device_of(content);
                            }
                          });
  if (!address || address->is_multicast()) {
    return false;
  }
  constexpr std::uint16_t known = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
  const auto key = std::pair(link, *address);
  if (header->nlmsg_type == RTM_DELNEIGH || (about->ndm_state & known) == 0 || device == 0) {
    return devices_.erase(key) != 0;
  }
  auto& entry = devices_[key];
  return std::exchange(entry, device) != device;
}

std::shared_ptr<const Neighbours> NeighbourTable::share() const {
  auto out = std::make_shared<Neighbours>();
  for (const auto& [key, device] : devices_) {
    out->add(key.second, device);
  }
  return out;
}

Neighbours::Device NeighbourTable::device_at(const Address& address, std::uint32_t link) const {
  const auto found = devices_.find(std::pair(link, address));
  return found == devices_.end() ? 0 : found->second;
}

NeighbourWatch::NeighbourWatch(Loop& loop, Descriptor socket, OnChange on_change)
    : socket_(std::move(socket)),
      on_change_(std::move(on_change)),
      soon_(loop,
            [this]() {
              is_due_ = false;
              on_change_(table_.share());
            }),
      poll_(loop, socket_.get(), [this](Poll::Ready) { on_readable(); }) {}

Result<std::unique_ptr<NeighbourWatch>> NeighbourWatch::start(Loop& loop, OnChange on_change) {
  auto socket = netlink::open(NETLINK_ROUTE, SOCK_NONBLOCK);
  if (!socket) {
    return socket.error();
  }
  const int group = RTNLGRP_NEIGH;
  if (setsockopt(socket.value().get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
                 sizeof(group)) != 0) {
    return Error(std::string("cannot follow the neighbour table: ") + std::strerror(errno));
  }
  std::unique_ptr<NeighbourWatch> out(
      new NeighbourWatch(loop, std::move(socket).value(), std::move(on_change)));
  if (auto read = out->read_all(); !read) {
    return read.error();
  }
  out->on_change_(out->table_.share());
  out->poll_.watch({.readable = true, .writable = false});
  return out;
}

// With a socket of its own: what is announced meanwhile waits in the other one.
Result<> NeighbourWatch::read_all() {
  table_.clear();
  return read_into(table_);
}

void NeighbourWatch::on_readable() {
  constexpr int max_in_a_turn = 64;
  alignas(nlmsghdr) std::array<std::byte, 16'384> buffer{};
  bool changed = false;
  for (int i = 0; i < max_in_a_turn; ++i) {
    const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno == ENOBUFS) {  // some were lost: all is read anew
      changed = read_all().ok() || changed;
      continue;
    }
    if (size <= 0) {
      break;
    }
    netlink::each_message(
        netlink::Bytes(buffer).first(static_cast<std::size_t>(size)),
        [&](const nlmsghdr&, netlink::Bytes message) { changed |= table_.apply(message); });
  }
  if (changed && !std::exchange(is_due_, true)) {
    soon_.once(together);
  }
}

}  // namespace weir
