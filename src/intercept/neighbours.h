// The devices on the router's own links: the kernel's neighbour table (ARP, NDP) as addresses and
// the devices that they lead to. A device with many addresses, as every IPv6 host is, is one client
// by it.
//
// Neighbours is a value that never changes once it is made, and is shared with the workers.
// NeighbourWatch keeps the current one: it reads the table once and then follows what the kernel
// announces (rtnetlink(7), RTNLGRP_NEIGH). One, in RouterWatch; main thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/netlink.h"
#include "loop/loop.h"
#include "weir/endpoint.h"
#include "weir/result.h"

namespace weir {

class Neighbours {
 public:
  // A device by its MAC; 0: none.
  using Device = std::uint64_t;

  void add(const Address& address, Device device);
  // 0: no device of ours is known to have that address.
  [[nodiscard]] Device device_of(const Address& address) const {
    const auto found = devices_.find(address);
    return found == devices_.end() ? 0 : found->second;
  }
  // All that it has, in no order; none for 0.
  [[nodiscard]] std::span<const Address> addresses_of(Device device) const {
    const auto found = addresses_.find(device);
    return found == addresses_.end() ? std::span<const Address>() : found->second;
  }
  [[nodiscard]] std::size_t size() const { return devices_.size(); }
  template <typename F>
  void each(const F& visit) const {
    for (const auto& [address, device] : devices_) {
      visit(address, device);
    }
  }

 private:
  std::unordered_map<Address, Device, AddressHash> devices_;
  std::unordered_map<Device, std::vector<Address>> addresses_;
};

// The table as the kernel tells it, message by message.
class NeighbourTable {
 public:
  // True: something has changed.
  bool apply(netlink::Bytes message);
  void clear() { devices_.clear(); }
  [[nodiscard]] std::shared_ptr<const Neighbours> share() const;
  // 0: none is known there.
  [[nodiscard]] Neighbours::Device device_at(const Address& address, std::uint32_t link) const;

 private:
  std::map<std::pair<std::uint32_t, Address>, Neighbours::Device> devices_;  // by link
};

// Once, as it is now.
[[nodiscard]] Result<std::shared_ptr<const Neighbours>> read_neighbours();

class NeighbourWatch {
 public:
  using OnChange = std::function<void(std::shared_ptr<const Neighbours>)>;

  // Tells the table as it is now, at once, and again whenever it has changed.
  static Result<std::unique_ptr<NeighbourWatch>> start(Loop& loop, OnChange on_change);
  NeighbourWatch(const NeighbourWatch&) = delete;
  NeighbourWatch& operator=(const NeighbourWatch&) = delete;

 private:
  NeighbourWatch(Loop& loop, Descriptor socket, OnChange on_change);

  void on_readable();
  Result<> read_all();

  Descriptor socket_;
  OnChange on_change_;
  NeighbourTable table_;
  Timer soon_;  // changes come in swarms, and are told together
  bool is_due_ = false;
  Poll poll_;
};

}  // namespace weir
