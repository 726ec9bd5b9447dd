// Items `mac:ADDRESS` of clients: devices on the router's own links, by the neighbour table and, in
// the firewall, by the frame's sender.
#include "base/mac.h"

#include <string>

#include "firewall/evaluate.h"
#include "firewall/item_words.h"
#include "rules/conditions/condition.h"

namespace weir {
namespace {

constexpr std::string_view word = "mac:";

struct OfMac {
  using Parsed = Mac;

  static bool claims(std::string_view item) { return item.starts_with(word); }

  static Result<Parsed> parse(std::string_view item, FlowEnd end) {
    if (end != FlowEnd::client) {
      return Error("'mac:' is for clients: what a destination's device is, no router can tell");
    }
    return Mac::parse_device(item.substr(word.size()));
  }

  static Answer holds(const Parsed& mac, FlowEnd /*end*/, const FlowFacts& facts) {
    return answer(facts.client_mac() == mac);
  }

  static std::string text(const Parsed& mac) { return std::string(word) + mac.text(); }

  // A frame of no Ethernet has no sender: nft takes that for no answer, negated or not.
  static bool lower(const Parsed& mac, FlowEnd /*end*/, firewall::ItemWords& words) {
    words.nft_key = "ether saddr";
    words.nft_value = mac.text();
    words.iptables_module = "-m mac";
    words.iptables_option = "--mac-source " + mac.text();
    words.holds = [mac](const firewall::Packet& packet) { return packet.sender == mac; };
    words.comes_in = true;
    words.can_be_negated = false;
    return true;
  }
};

}  // namespace

extern const AddressItemType mac_item;
constinit const AddressItemType mac_item = address_item_type<OfMac>();

}  // namespace weir
