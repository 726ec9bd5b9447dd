// What DHCP servers write down: which address a device has been given, and what it calls itself.
// Values; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mac.h"
#include "weir/endpoint.h"

namespace weir {

struct Lease {
  Address address;
  Mac mac;           // zero: the file does not tell it
  std::string name;  // the host name, as the client or the server's configuration has it; or ""
  // None: never, or the file does not tell.
  std::optional<std::chrono::sys_seconds> expires;
  // Given back, expired or refused, although the file still has it.
  bool is_over = false;

  [[nodiscard]] bool is_current(std::chrono::sys_seconds now) const {
    return !is_over && (!expires || *expires > now);
  }
  friend bool operator==(const Lease&, const Lease&) = default;
};

enum class LeaseFormat : std::uint8_t { none, unknown, dnsmasq, isc, kea };
[[nodiscard]] std::string_view text_of(LeaseFormat format);

// Leases in the order in which addresses first came; of an address the last one counts.
class LeaseList {
 public:
  void put(Lease lease);
  void remove(const Address& address);
  [[nodiscard]] std::vector<Lease> take();

 private:
  std::vector<std::optional<Lease>> leases_;
  std::unordered_map<Address, std::size_t, AddressHash> places_;
};

}  // namespace weir
