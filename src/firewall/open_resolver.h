// A rule that answers questions of any host on the Internet: with local-services = yes it takes
// what is for the router's own addresses, and an interface that leads outside is among the
// clients'. A resolver that is open so is soon found, and used to flood others.
//
// Pure; any thread.
#pragma once

#include <span>
#include <string>

#include "base/configuration.h"
#include "weir/upstream.h"

namespace weir::firewall {

// A sentence that ends in the line to add; empty: the rule is none. `handling` is that of the
// upstream that it uses; `uplinks` lead outside, `interfaces` are all of the machine's.
[[nodiscard]] std::string open_resolver(const Configuration& configuration,
                                        const RuleSettings& rule, Upstream::Handling handling,
                                        std::span<const std::string> uplinks,
                                        std::span<const std::string> interfaces);

}  // namespace weir::firewall
