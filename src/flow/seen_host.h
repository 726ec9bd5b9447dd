// The host that a flow's client has named, and what it was learnt from: what rules were asked with,
// and what the flow's record says.
//
// A value, part of the flow; its worker's thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/flow_facts.h"

namespace weir {

struct SeenHost {
  std::string name;  // as sets/name.h keeps names
  HostFrom from = HostFrom::tls;
  bool is_outer = false;  // ECH hides the one that is meant
};

// Null: none was seen. Most flows have none, and pay for a pointer.
using SeenHostRef = std::unique_ptr<const SeenHost>;

[[nodiscard]] inline KnownHost known(const SeenHostRef& host) {
  return host == nullptr ? KnownHost{}
                         : KnownHost{.state = KnownHost::State::name,
                                     .name = host->name,
                                     .from = host->from,
                                     .is_outer = host->is_outer};
}

// "tls", "http", …; of ECH's outer name "ech": for records.
[[nodiscard]] std::string_view from_text(const SeenHost& host);

}  // namespace weir
