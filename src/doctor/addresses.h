// The addresses of this machine's interfaces, with the subnets they are in. Plain values; reading
// asks the kernel. Any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/prefix.h"
#include "doctor/subject.h"

namespace weir::doctor {

struct InterfaceAddress {
  std::string interface;
  Address address;
  Prefix subnet;
};

// Neither loopback nor link-local ones.
[[nodiscard]] std::vector<InterfaceAddress> interface_addresses();

// The one whose subnet the address is in, the longest first; null: not on any of our links.
[[nodiscard]] const InterfaceAddress* on_link(std::span<const InterfaceAddress> all,
                                              const Address& address);

// Whether it is an address of this machine's, loopback included.
[[nodiscard]] bool is_of_this_router(std::span<const InterfaceAddress> all, const Address& address);

// Whether clients may come in there: it is in [firewall] interfaces, or none are named.
[[nodiscard]] bool is_client_side(const Subject& subject, const std::string& interface);

}  // namespace weir::doctor
