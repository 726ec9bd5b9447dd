// Which device an address is: its MAC by the router's neighbour table, and the names that leases
// and [devices] give it.
//
// A name holds for an address if the device behind it has that name, or a lease gives it that very
// address: so the gateway decides what the firewall decides by the frame's sender and by address.
// What clients call themselves they choose: a name of [devices] holds for its MACs alone, whatever
// a client says.
//
// Immutable once made; made on the main thread whenever a source has changed, and shared with the
// workers (shared_ptr<const DeviceTable>). Any thread may ask.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mac.h"
#include "base/named_mac.h"
#include "devices/lease_book.h"
#include "weir/endpoint.h"

namespace weir {

// How names are compared: letters of either case, without the dot that ends a whole domain name.
[[nodiscard]] std::string device_name_key(std::string_view name);

struct Neighbour {
  Address address;
  Mac mac;
};

// What is known of the device at one address.
struct Device {
  // By the neighbour table; zero: it has no entry. What mac: conditions see is this one alone, for
  // so the firewall sees it.
  Mac mac;
  Mac lease_mac;  // of the address's current lease; zero: it has none, or the lease does not tell
  std::string name;               // to show; "": none is known
  std::vector<std::string> keys;  // of all its names, and of their part before the first dot
  bool has_lease = false;

  [[nodiscard]] bool has_name(std::string_view key) const;
  // For records and lists: its name, else its MAC, else "".
  [[nodiscard]] std::string text() const;
};

// What is known of it: "tv, 02:00:5e:10:00:01".
[[nodiscard]] std::string described(const Device& device);

// What the devices of one name are known by, for the firewall.
struct NamedDevices {
  std::vector<Mac> macs;           // sorted
  std::vector<Address> addresses;  // sorted; of current leases
};

class DeviceTable {
 public:
  DeviceTable() = default;  // knows nothing
  DeviceTable(std::span<const NamedMac> named, std::shared_ptr<const LeaseBook> book,
              std::span<const Neighbour> neighbours, std::chrono::sys_seconds now);

  // Null: nothing is known of the address.
  [[nodiscard]] const Device* device_of(const Address& address) const;
  // The same, were that MAC the neighbour table's for the address: of a device that has just come.
  [[nodiscard]] Device device_with(const Address& address, const Mac& mac) const;
  [[nodiscard]] bool mac_holds(const Address& address, const Mac& mac) const;
  [[nodiscard]] bool name_holds(const Address& address, std::string_view name) const;
  // Null: no device has that name.
  [[nodiscard]] const NamedDevices* named(std::string_view name) const;
  // Whether the neighbour table or a lease has it.
  [[nodiscard]] bool has_seen(const Mac& mac) const { return seen_.contains(mac); }
  // Every name there is, for "did you mean".
  [[nodiscard]] std::vector<std::string_view> names() const;
  // Null: lease files were not looked for.
  [[nodiscard]] const LeaseBook* book() const { return book_.get(); }
  // When a lease that counts now ends: by then the table has to be made anew. None: never.
  [[nodiscard]] std::optional<std::chrono::sys_seconds> changes_at() const { return changes_at_; }

 private:
  // The names of a device by its MAC, the one to show first.
  using Names = std::vector<std::string>;
  class Maker;

  std::shared_ptr<const LeaseBook> book_;
  std::map<Mac, Names> by_mac_;
  std::set<Mac> seen_;
  std::unordered_map<Address, Device, AddressHash> by_address_;
  std::map<std::string, NamedDevices, std::less<>> by_name_;
  std::optional<std::chrono::sys_seconds> changes_at_;
};

}  // namespace weir
