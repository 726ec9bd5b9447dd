#include "devices/why_unknown.h"

#include <algorithm>
#include <vector>

#include "base/suggest.h"
#include "base/text.h"

namespace weir {
namespace {

using Why = Unknown::Why;

// What was looked for and not found, or found and not read; "" where a file was read.
std::string no_lease_file(const LeaseBook* book) {
  if (book != nullptr && book->has_source()) {
    return "";
  }
  std::string failed;
  std::string absent;
  for (const LeaseSource& source : book == nullptr ? std::vector<LeaseSource>{} : book->sources) {
    if (source.state == LeaseSource::State::failed) {
      failed += (failed.empty() ? "" : ", ") + source.path + " (" + source.problem + ")";
    } else {
      absent += (absent.empty() ? "" : ", ") + source.path;
    }
  }
  if (!failed.empty()) {
    return "no lease file can be read: " + failed;
  }
  return absent.empty() ? "no lease file is read" : "no lease file is there (" + absent + ")";
}

// "192.0.2.7 has the MAC 02:00:5e:10:00:01"
std::string with_mac(const Address& address, const Mac& mac) {
  return address.text() + " has the " + (mac.is_local() ? "random MAC " : "MAC ") + mac.text();
}

Unknown without_mac(const Address& address, const Surroundings* links) {
  if (links != nullptr && links->interface_of(address) == 0) {
    return {Why::router_between,
            address.text() +
                " is on no link of this router: another router is in between, and its "
                "MAC is not seen here"};
  }
  return {Why::no_neighbour, "the neighbour table has no entry for " + address.text() +
                                 ": it has sent nothing on this router's links lately"};
}

std::string never_seen(const Mac& mac) {
  return mac.text() + ", which was never seen: neither the neighbour table nor a lease has it" +
         (mac.is_local() ? "; it is one that a system makes up, and may have made anew" : "");
}

std::string name_it(const Mac& mac) { return "; [devices] can name it: name = NAME " + mac.text(); }

}  // namespace

Unknown why_unnamed(const DeviceTable& table, const Address& address, const Surroundings* links) {
  const Device* device = table.device_of(address);
  if (device != nullptr && !device->name.empty()) {
    return {};
  }
  const std::string no_file = no_lease_file(table.book());
  if (device == nullptr || (device->mac.is_zero() && !device->has_lease)) {
    Unknown out = without_mac(address, links);
    out.text += no_file.empty() ? ", and no lease is for it" : ", and " + no_file;
    return out;
  }
  const Mac& mac = device->mac.is_zero() ? device->lease_mac : device->mac;
  if (device->has_lease) {
    return {Why::unnamed_lease, "the lease of " + address.text() + " has no host name" +
                                    (mac.is_zero() ? "" : name_it(mac))};
  }
  if (!no_file.empty()) {
    return {Why::no_lease_file, with_mac(address, mac) + ", and " + no_file + name_it(mac)};
  }
  if (mac.is_local()) {
    return {Why::random_mac, with_mac(address, mac) +
                                 ", made up by its system, and no lease names it: switch it off "
                                 "in the device's settings for this network, then name it in "
                                 "[devices]"};
  }
  return {Why::not_leased, with_mac(address, mac) +
                               ", and no lease names it: it may have a fixed address" +
                               name_it(mac)};
}

std::string why_not_mac(const DeviceTable& table, const Address& address, const Mac& wanted,
                        const Surroundings* links) {
  if (table.mac_holds(address, wanted)) {
    return "";
  }
  const Device* device = table.device_of(address);
  if (device == nullptr || device->mac.is_zero()) {
    return without_mac(address, links).text;
  }
  return with_mac(address, device->mac) + ", not " + wanted.text();
}

std::string why_not_name(const DeviceTable& table, const Address& address, std::string_view wanted,
                         const Surroundings* links) {
  if (table.name_holds(address, wanted)) {
    return "";
  }
  const Device* device = table.device_of(address);
  if (device == nullptr || device->name.empty()) {
    return why_unnamed(table, address, links).text;
  }
  const std::string known =
      address.text() + " is " + quoted(device->name) + ", not " + quoted(wanted);
  const NamedDevices* others = table.named(wanted);
  return others == nullptr || others->macs.empty()
             ? known
             : known + " (that is " + others->macs.front().text() +
                   (others->macs.size() > 1
                        ? " and " + std::to_string(others->macs.size() - 1) + " more)"
                        : ")");
}

std::string why_no_such_mac(const DeviceTable& table, const Mac& wanted) {
  if (table.has_seen(wanted)) {
    return "";
  }
  return "no device has the MAC " + never_seen(wanted);
}

std::string why_no_such_name(const DeviceTable& table, std::string_view wanted) {
  if (const NamedDevices* devices = table.named(wanted)) {
    const bool seen = !devices->addresses.empty() ||
                      std::any_of(devices->macs.begin(), devices->macs.end(),
                                  [&](const Mac& mac) { return table.has_seen(mac); });
    return seen ? "" : quoted(wanted) + " is " + never_seen(devices->macs.front());
  }
  const std::string no_file = no_lease_file(table.book());
  return "no device is called " + quoted(wanted) +
         (no_file.empty() ? did_you_mean(wanted, table.names())
                          : ": " + no_file + ", and [devices] does not name it");
}

}  // namespace weir
