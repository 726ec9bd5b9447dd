// The items that lists of several sections have: addresses with negation, ports of a protocol,
// interface names. Problems are reported at the item's own place. No state; the thread that loads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "config/findings.h"
#include "weir/settings.h"

namespace weir {

[[nodiscard]] std::vector<Prefix> prefixes_of(const Settings& settings, std::string_view key,
                                              Findings& findings);
[[nodiscard]] AddressCondition addresses_of(const Settings& settings, std::string_view key,
                                            Findings& findings);
[[nodiscard]] std::vector<PortRange> ports_of(const Settings& settings, std::string_view key,
                                              Findings& findings);
[[nodiscard]] std::vector<std::string> interfaces_of(const Settings& settings, std::string_view key,
                                                     Findings& findings);

}  // namespace weir
