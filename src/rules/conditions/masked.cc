// Items ADDRESS/MASK of clients and destinations: IPv6 by some of its bits, like
// ::10/::ffff:ffff:ffff:ffff, the interface part behind whatever prefix the provider gives.
#include <string>

#include "base/masked_address.h"
#include "firewall/evaluate.h"
#include "firewall/item_words.h"
#include "rules/conditions/condition.h"

namespace weir {
namespace {

struct Masked {
  using Parsed = MaskedAddress;

  static bool claims(std::string_view item) { return MaskedAddress::is_meant(item); }

  static Result<Parsed> parse(std::string_view item, FlowEnd /*end*/) {
    return MaskedAddress::parse(item);
  }

  static Answer holds(const Parsed& masked, FlowEnd end, const FlowFacts& facts) {
    return answer(masked.holds(address_at(end, facts.flow())));
  }

  static std::string text(const Parsed& masked) { return masked.text(); }

  // Items of one mask become one match.
  static bool lower(const Parsed& masked, FlowEnd end, firewall::ItemWords& words) {
    const std::string text = masked.text();
    const auto slash = text.find('/');
    const bool is_client = end == FlowEnd::client;
    words.nft_key =
        std::string("ip6 ") + (is_client ? "saddr" : "daddr") + " & " + text.substr(slash + 1);
    words.nft_value = text.substr(0, slash);
    words.iptables_option = (is_client ? "-s " : "-d ") + text;
    words.holds = [masked, is_client](const firewall::Packet& packet) {
      return masked.holds(is_client ? packet.source.address : packet.destination.address);
    };
    words.family = Family::v6;
    words.is_address = true;
    return true;
  }
};

}  // namespace

extern const AddressItemType masked_item;
constinit const AddressItemType masked_item = address_item_type<Masked>();

}  // namespace weir
