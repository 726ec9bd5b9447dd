// The problem: three sources know parts of a device. The neighbour table knows MACs of addresses,
// but no names, and nothing behind another router; leases know names, but neither addresses that a
// device made itself (IPv6) nor those that were configured in it; [devices] knows names of MACs
// alone.
//
// The choice: a name belongs to a MAC, wherever there is one, and so to every address that the
// neighbour table has of that MAC. A lease without a MAC (DHCPv6) gets it from the neighbour table.
// What a lease says beyond that holds for its own address: behind a repeater that answers for its
// devices the neighbour table has the repeater's MAC for all of them, and behind another router
// none.
//
// A lease that is over still names its MAC, until a current one does: the device is the same when
// it comes back, and what its address is then is another question.
#include "devices/device_table.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace weir {

using std::chrono::sys_seconds;

namespace {

std::string_view first_label(std::string_view key) { return key.substr(0, key.find('.')); }

template <typename Value>
void add_once(std::vector<Value>& to, const Value& value) {
  if (std::find(to.begin(), to.end(), value) == to.end()) {
    to.push_back(value);
  }
}

template <typename Value>
void sort_once(std::vector<Value>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

std::string device_name_key(std::string_view name) {
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool Device::has_name(std::string_view key) const {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::string Device::text() const {
  if (!name.empty()) {
    return name;
  }
  const Mac& known = mac.is_zero() ? lease_mac : mac;
  return known.is_zero() ? "" : known.text();
}

std::string described(const Device& device) {
  const Mac& mac = device.mac.is_zero() ? device.lease_mac : device.mac;
  std::string out = device.name;
  if (!mac.is_zero()) {
    out += (out.empty() ? "" : ", ") + mac.text();
  }
  return out;
}

// Fills a table, source by source.
class DeviceTable::Maker {
 public:
  explicit Maker(DeviceTable& table) : table_(table) {}

  void name_by_configuration(std::span<const NamedMac> named) {
    for (const NamedMac& one : named) {
      reserved_[device_name_key(one.name)].insert(one.mac);
      add_once(table_.by_mac_[one.mac], one.name);
    }
  }

  void add_neighbours(std::span<const Neighbour> neighbours) {
    for (const Neighbour& one : neighbours) {
      table_.by_address_[one.address].mac = one.mac;
      table_.seen_.insert(one.mac);
    }
  }

  void add_leases(std::span<const Lease> leases, sys_seconds now) {
    for (const Lease& lease : leases) {
      if (!lease.mac.is_zero()) {
        table_.seen_.insert(lease.mac);
      }
      if (lease.is_current(now)) {
        add_current(lease);
      }
    }
    std::map<Mac, Names> of_old;
    for (const Lease& lease : leases) {
      if (!lease.mac.is_zero() && !lease.is_current(now)) {
        const bool named = !table_.by_mac_[lease.mac].empty();
        if (!named && may_be_called(lease.name, lease.mac)) {
          add_once(of_old[lease.mac], lease.name);
        }
      }
    }
    for (auto& [mac, names] : of_old) {
      table_.by_mac_[mac] = std::move(names);
    }
  }

  // When all sources are there.
  void finish() {
    for (auto& [address, device] : table_.by_address_) {
      finish(address, device);
    }
    for (const auto& [mac, names] : table_.by_mac_) {
      for (const std::string& name : names) {
        for (const std::string& key : keys_of(name, mac)) {
          table_.by_name_[key].macs.push_back(mac);
        }
      }
    }
    for (auto& [name, devices] : table_.by_name_) {
      sort_once(devices.macs);
      sort_once(devices.addresses);
    }
  }

 private:
  void add_current(const Lease& lease) {
    if (lease.expires && (!table_.changes_at_ || *lease.expires < *table_.changes_at_)) {
      table_.changes_at_ = lease.expires;
    }
    Device& device = table_.by_address_[lease.address];
    device.has_lease = true;
    device.lease_mac = lease.mac;
    const Mac mac = lease.mac.is_zero() ? device.mac : lease.mac;
    if (!mac.is_zero()) {
      Names& names = table_.by_mac_[mac];
      if (may_be_called(lease.name, mac)) {
        add_once(names, lease.name);
      }
    }
    if (may_be_called(lease.name, mac)) {
      of_leases_[lease.address] = lease.name;
    }
  }

  // No client takes a name that [devices] gives to others.
  [[nodiscard]] bool may_be_called(const std::string& name, const Mac& mac) const {
    return !name.empty() && !is_reserved(device_name_key(name), mac);
  }
  [[nodiscard]] bool is_reserved(std::string_view key, const Mac& mac) const {
    const auto found = reserved_.find(key);
    return found != reserved_.end() && !found->second.contains(mac);
  }
  // The name's, and that of its part before the first dot, as far as the device may have them.
  [[nodiscard]] std::vector<std::string> keys_of(const std::string& name, const Mac& mac) const {
    std::vector<std::string> out;
    const std::string key = device_name_key(name);
    for (const std::string_view one : {std::string_view(key), first_label(key)}) {
      if (!one.empty() && !is_reserved(one, mac)) {
        add_once(out, std::string(one));
      }
    }
    return out;
  }

  void finish(const Address& address, Device& device) {
    const auto learn = [&](const std::string& name, const Mac& mac) {
      device.name = device.name.empty() ? name : device.name;
      for (const std::string& key : keys_of(name, mac)) {
        add_once(device.keys, key);
      }
    };
    const auto configured = [&](const Mac& mac) {
      const auto found = table_.by_mac_.find(mac);
      return !mac.is_zero() && found != table_.by_mac_.end() && !found->second.empty() &&
             reserved_.contains(device_name_key(found->second.front()));
    };
    const auto learn_all = [&](const Mac& mac) {
      if (const auto found = table_.by_mac_.find(mac);
          !mac.is_zero() && found != table_.by_mac_.end()) {
        for (const std::string& name : found->second) {
          learn(name, mac);
        }
      }
    };
    // What the operator calls it is shown, else what the address's own lease says.
    if (configured(device.mac)) {
      learn_all(device.mac);
    }
    if (configured(device.lease_mac)) {
      learn_all(device.lease_mac);
      name_by_address(address, device.lease_mac);
    }
    if (const auto own = of_leases_.find(address); own != of_leases_.end()) {
      const Mac mac = device.lease_mac.is_zero() ? device.mac : device.lease_mac;
      learn(own->second, mac);
      for (const std::string& key : keys_of(own->second, mac)) {
        table_.by_name_[key].addresses.push_back(address);
      }
    }
    learn_all(device.mac);
  }

  // The names of a MAC hold for the address that a lease gives it.
  void name_by_address(const Address& address, const Mac& mac) {
    for (const std::string& name : table_.by_mac_[mac]) {
      for (const std::string& key : keys_of(name, mac)) {
        table_.by_name_[key].addresses.push_back(address);
      }
    }
  }

  DeviceTable& table_;
  std::map<std::string, std::set<Mac>, std::less<>> reserved_;  // by [devices]
  std::unordered_map<Address, std::string, AddressHash> of_leases_;
};

DeviceTable::DeviceTable(std::span<const NamedMac> named, std::shared_ptr<const LeaseBook> book,
                         std::span<const Neighbour> neighbours, sys_seconds now)
    : book_(std::move(book)) {
  Maker maker(*this);
  maker.name_by_configuration(named);
  maker.add_neighbours(neighbours);
  if (book_) {
    maker.add_leases(book_->leases, now);
  }
  maker.finish();
}

const Device* DeviceTable::device_of(const Address& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : &found->second;
}

// Which of its names a device may have was found out when the table was made: by_name_ has them.
Device DeviceTable::device_with(const Address& address, const Mac& mac) const {
  const Device* known = device_of(address);
  Device out = known == nullptr ? Device{} : *known;
  out.mac = mac;
  const auto names = by_mac_.find(mac);
  if (mac.is_zero() || names == by_mac_.end()) {
    return out;
  }
  for (const std::string& name : names->second) {
    const std::string whole = device_name_key(name);
    for (const std::string_view key : {std::string_view(whole), first_label(whole)}) {
      const NamedDevices* devices = named(key);
      if (devices != nullptr &&
          std::binary_search(devices->macs.begin(), devices->macs.end(), mac)) {
        out.name = out.name.empty() ? name : out.name;
        add_once(out.keys, std::string(key));
      }
    }
  }
  return out;
}

bool DeviceTable::mac_holds(const Address& address, const Mac& mac) const {
  const Device* device = device_of(address);
  return device != nullptr && !mac.is_zero() && device->mac == mac;
}

bool DeviceTable::name_holds(const Address& address, std::string_view name) const {
  const Device* device = device_of(address);
  return device != nullptr && device->has_name(device_name_key(name));
}

const NamedDevices* DeviceTable::named(std::string_view name) const {
  const auto found = by_name_.find(device_name_key(name));
  return found == by_name_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> DeviceTable::names() const {
  std::vector<std::string_view> out;
  out.reserve(by_name_.size());
  for (const auto& [name, devices] : by_name_) {
    out.push_back(name);
  }
  return out;
}

}  // namespace weir
