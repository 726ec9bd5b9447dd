// A line `name` of [devices]: what the operator calls the device of a MAC address. A plain value;
// any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/mac.h"
#include "weir/result.h"

namespace weir {

struct NamedMac {
  std::string name;
  Mac mac;
  friend bool operator==(const NamedMac&, const NamedMac&) = default;
};
// "tv 02:00:5e:10:00:01".
[[nodiscard]] Result<NamedMac> parse_named_mac(std::string_view text);

}  // namespace weir
