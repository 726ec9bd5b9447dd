// How a packet filter checks one item of a list (base/address_item.h): items whose key is the same
// become one match, negated or not. An item that stands for several things says all of them.
//
// Plain values; any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "firewall/match.h"

namespace weir::firewall {

struct ItemWords {
  std::string nft_key;          // "ether saddr"
  std::string nft_value;        // "02:00:5e:10:00:01"
  std::string iptables_module;  // "-m mac"
  std::string iptables_option;  // "--mac-source 02:00:5e:10:00:01"
  std::function<bool(const Packet&)> holds;
  bool comes_in = false;                        // only a packet that came in has it
  std::optional<Family> family = std::nullopt;  // only packets of this one have it
  bool can_be_negated = true;
  // It is -s or -d of iptables, which a line takes once: no prefix can stand beside it.
  bool is_address = false;
  // It is one of these, and no packet's where there are none; what is above then says nothing.
  std::optional<std::vector<ItemWords>> any_of = std::nullopt;
};

}  // namespace weir::firewall
