// Items `name:DEVICE` of clients: devices by the host name of a DHCP lease, or by what [devices]
// calls them. The gateway looks the client up; the firewall has the MACs and the leased addresses
// of the name, as they are at the moment.
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "base/machine.h"
#include "base/text.h"
#include "devices/device_table.h"
#include "rules/conditions/condition.h"
#include "rules/conditions/device_words.h"

namespace weir {
namespace {

constexpr std::string_view name_word = "name:";

struct OfName {
  struct Parsed {
    std::string name;  // as it was written
    std::string key;   // as it is compared
    bool is_fitted = false;
    std::vector<Mac> macs = {};
    std::vector<Address> addresses = {};
    friend bool operator==(const Parsed&, const Parsed&) = default;
  };

  static bool claims(std::string_view item) { return item.starts_with(name_word); }

  static Result<Parsed> parse(std::string_view item, FlowEnd end) {
    if (end != FlowEnd::client) {
      return Error("'name:' is for clients: what a destination's device is, no router can tell");
    }
    const std::string_view name = trimmed(item.substr(name_word.size()));
    if (name.empty()) {
      return Error("'name:' names no device (name:tv, by a DHCP lease or [devices])");
    }
    return Parsed{.name = std::string(name), .key = device_name_key(name)};
  }

  static Answer holds(const Parsed& named, FlowEnd /*end*/, const FlowFacts& facts) {
    const Device* device = facts.client_device();
    return answer(device != nullptr && device->has_name(named.key));
  }

  static std::string text(const Parsed& named) { return std::string(name_word) + named.name; }

  static std::string found(const Parsed& named, FlowEnd /*end*/, const FlowFacts& facts) {
    const Device* device = facts.client_device();
    return device == nullptr ? text(named) : text(named) + " (" + described(*device) + ")";
  }

  static std::optional<Parsed> fit(const Parsed& named, const Machine& machine) {
    if (machine.devices == nullptr) {
      return std::nullopt;
    }
    Parsed out{.name = named.name, .key = named.key, .is_fitted = true};
    if (const NamedDevices* devices = machine.devices->named(named.key)) {
      out.macs = devices->macs;
      out.addresses = devices->addresses;
    }
    return out;
  }

  static bool lower(const Parsed& named, FlowEnd /*end*/, firewall::ItemWords& words) {
    if (!named.is_fitted) {
      words.comes_in = true;
      words.can_be_negated = false;  // most names have a MAC
      return false;
    }
    auto& parts = words.any_of.emplace();
    std::transform(named.macs.begin(), named.macs.end(), std::back_inserter(parts),
                   words_of_sender);
    std::transform(named.addresses.begin(), named.addresses.end(), std::back_inserter(parts),
                   words_of_source);
    return true;
  }
};

}  // namespace

extern const AddressItemType name_item;
constinit const AddressItemType name_item = address_item_type<OfName>();

}  // namespace weir
