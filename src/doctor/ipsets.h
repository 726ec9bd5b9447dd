// Sets of ipset's that hold addresses or networks, by name: what `-m set --match-set` asks.
//
// Plain values and pure functions; any thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/probe.h"

namespace weir::doctor {

struct IpSet {
  std::vector<AddressRange> in;
  std::vector<AddressRange> out;  // within those, and not meant: `nomatch`
};
// Sets of other types (ports, MAC addresses, lists of sets) are not among them.
using IpSets = std::map<std::string, IpSet, std::less<>>;

// From what `ipset save` prints.
[[nodiscard]] IpSets ipsets_of(const std::string& saved);

// Whether the probe's client (`src`) or destination (`dst`) is in the set.
[[nodiscard]] Answer is_in(const Probe& probe, const IpSet& set, std::string_view direction);

// "192.0.2.0/24", "192.0.2.1", as iptables and ipset write addresses; none: not understood.
[[nodiscard]] std::optional<AddressRange> addresses_in(const std::string& text);

}  // namespace weir::doctor
