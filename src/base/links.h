// This machine's links, as far as it matters by which of them a packet comes in: IP sees what
// arrives at a port of a bridge, or at a link of a bond or a team, as the master's. So a name of
// such a link, where an inbound interface is asked for, means its master. (A link of a VRF shows
// itself first, and needs none of this.) Asked of the kernel over netlink, for /sys belongs to the
// namespace that mounted it.
//
// Plain values; any thread. Reading blocks, for less than a millisecond.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/netlink.h"
#include "weir/result.h"

namespace weir {

struct Link {
  unsigned index = 0;
  std::string name;
  unsigned master = 0;      // the link whose packets its own become; 0: none
  std::string master_kind;  // "bridge", "bond", "team"
  friend bool operator==(const Link&, const Link&) = default;
};

// From one message of RTM_NEWLINK; an index of 0: it is none.
[[nodiscard]] Link link_in(netlink::Bytes message);

[[nodiscard]] Result<std::vector<Link>> read_links();

// The link by whose name packets of this one come in; null: by its own.
[[nodiscard]] const Link* inbound_master(std::span<const Link> links, std::string_view name);

// Interface names, or patterns, as packets come in by them: a port becomes its master, and a
// pattern stays, with the masters of the ports that it covers beside it. Nothing is there twice.
[[nodiscard]] std::vector<std::string> inbound_names(std::span<const Link> links,
                                                     std::span<const std::string> names);

// "lan1 is a port of br-lan; packets come in by br-lan, so all of br-lan is intercepted: write
// br-lan" for each of the names that means another; `effect` stands behind "so all of br-lan ".
[[nodiscard]] std::vector<std::string> port_warnings(std::span<const Link> links,
                                                     std::span<const std::string> names,
                                                     std::string_view effect);

}  // namespace weir
