// Items `mac:ADDRESS` of clients: devices on the router's own links, by the neighbour table and, in
// the firewall, by the frame's sender.
#include "base/mac.h"

#include <string>

#include "devices/device_table.h"
#include "rules/conditions/condition.h"
#include "rules/conditions/device_words.h"

namespace weir {
namespace {

constexpr std::string_view mac_word = "mac:";

struct OfMac {
  using Parsed = Mac;

  static bool claims(std::string_view item) { return item.starts_with(mac_word); }

  static Result<Parsed> parse(std::string_view item, FlowEnd end) {
    if (end != FlowEnd::client) {
      return Error("'mac:' is for clients: what a destination's device is, no router can tell");
    }
    return Mac::parse_device(item.substr(mac_word.size()));
  }

  static Answer holds(const Parsed& mac, FlowEnd /*end*/, const FlowFacts& facts) {
    const Device* device = facts.client_device();
    return answer(device != nullptr && device->mac == mac);
  }

  static std::string text(const Parsed& mac) { return std::string(mac_word) + mac.text(); }

  static bool lower(const Parsed& mac, FlowEnd /*end*/, firewall::ItemWords& words) {
    words = words_of_sender(mac);
    return true;
  }
};

}  // namespace

extern const AddressItemType mac_item;
constinit const AddressItemType mac_item = address_item_type<OfMac>();

}  // namespace weir
