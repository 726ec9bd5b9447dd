// Whether an input filter lets packets through that were intercepted: they are input to this
// machine, with the destination's address and port. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "weir/units.h"

namespace weir::doctor {

// Filters that drop what no rule of theirs accepts, and in which no rule accepts by mark or by
// interface: "inet fw4 input", "ip filter INPUT".
[[nodiscard]] std::vector<std::string> dropping_filters_of_nft(const nlohmann::json& listing);
// From `iptables-save`.
[[nodiscard]] bool drops_marked(const std::string& saved, Mark mark);

}  // namespace weir::doctor
