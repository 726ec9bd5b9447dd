// What is the router's own, and what its links lead to directly: its addresses and the networks
// around them, as they were at one moment.
//
// Immutable once read, and shared by the workers. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/prefix.h"
#include "weir/endpoint.h"
#include "weir/result.h"

namespace weir {

class Surroundings {
 public:
  // One address of an interface, as the kernel lists it (RTM_GETADDR, rtnetlink(7)).
  struct Entry {
    Address own;
    Prefix network;  // the peer alone, where the link has one at its other end
    std::uint32_t interface = 0;
  };

  explicit Surroundings(std::span<const Entry> entries);
  // Both ask the kernel.
  static Result<Surroundings> read();
  static Result<std::vector<Entry>> read_entries();

  [[nodiscard]] bool is_own(const Address& address) const { return own_.contains(address); }
  // Number of the interface on whose network the address is; 0: on none.
  [[nodiscard]] std::uint32_t interface_of(const Address& address) const;

 private:
  struct Network {
    Prefix prefix;
    std::uint32_t interface;
  };
  std::unordered_set<Address, AddressHash> own_;
  std::vector<Network> networks_;  // the narrowest first
};

}  // namespace weir
