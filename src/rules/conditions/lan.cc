// Items `lan:IF` of clients and destinations: whatever networks an interface has at the moment. The
// provider's prefix comes and goes: where it stands in a rule, the gateway and the firewall follow.
#include <algorithm>
#include <string>
#include <vector>

#include "base/lan_interface.h"
#include "base/machine.h"
#include "rules/conditions/condition.h"

namespace weir {
namespace {

struct Lan {
  struct Parsed {
    std::string interface;
    bool is_fitted = false;
    std::vector<Prefix> networks = {};
    friend bool operator==(const Parsed&, const Parsed&) = default;
  };

  static bool claims(std::string_view item) { return is_lan_interface(item); }

  static Result<Parsed> parse(std::string_view item, FlowEnd /*end*/) {
    auto name = parse_lan_interface(item);
    return name ? Result<Parsed>(Parsed{.interface = std::move(name).value()}) : name.error();
  }

  static Answer holds(const Parsed& lan, FlowEnd end, const FlowFacts& facts) {
    const Address& address = address_at(end, facts.flow());
    return answer(std::any_of(lan.networks.begin(), lan.networks.end(),
                              [&](const Prefix& network) { return network.contains(address); }));
  }

  static std::string text(const Parsed& lan) {
    std::string written = "lan:" + lan.interface;
    if (!lan.is_fitted) {
      return written;
    }
    std::string networks;
    for (const Prefix& network : lan.networks) {
      networks += (networks.empty() ? "" : ", ") + network.text();
    }
    return written + " (" + (networks.empty() ? "no network now" : networks) + ")";
  }

  static std::optional<Parsed> fit(const Parsed& lan, const Machine& machine) {
    if (!machine.networks) {
      return std::nullopt;
    }
    return Parsed{.interface = lan.interface,
                  .is_fitted = true,
                  .networks = lan_prefixes(*machine.networks, lan.interface)};
  }

  static PrefixList list(const Parsed& lan) {
    return lan.networks.empty() ? PrefixList{} : PrefixList::of(lan.networks);
  }
};

}  // namespace

extern const AddressItemType lan_item;
constinit const AddressItemType lan_item = address_item_type<Lan>();

}  // namespace weir
