// What a configuration does with flows from the Internet, where an interface that leads there is
// among the clients' and the file does not say that it means this: for `weir check` and `weir
// doctor`.
//
// Pure; any thread.
#pragma once

#include <span>
#include <string>

#include "base/configuration.h"
#include "weir/upstream.h"

namespace weir::firewall {

// A rule that answers questions of any host: with local-services = yes it takes what is for the
// router's own addresses, too. A resolver that is open so is soon found, and used to flood others.
// A sentence that ends in the line to add; empty: the rule is none. `handling` is that of the
// upstream that it uses; `uplinks` lead outside, `interfaces` are all of the machine's.
[[nodiscard]] std::string open_resolver(const Configuration& configuration,
                                        const RuleSettings& rule, Upstream::Handling handling,
                                        std::span<const std::string> uplinks,
                                        std::span<const std::string> interfaces);

// A default that the file does not write, and that carries what no rule takes from there on to
// wherever it goes, past the filters in FORWARD. A sentence that ends in the line to add; empty:
// there is none. `handling` is that of the default's upstream.
[[nodiscard]] std::string outside_default(const Configuration& configuration,
                                          Upstream::Handling handling,
                                          std::span<const std::string> uplinks);

}  // namespace weir::firewall
