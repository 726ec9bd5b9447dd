// Which rules lead DNS questions through the gateway. It learns from the answers which name each
// client means by an address, where rules ask for the host: for `weir check` and `weir doctor`.
//
// Pure; any thread.
#pragma once

#include "base/configuration.h"
#include "weir/upstream.h"

namespace weir::firewall {

// UDP, which clients ask over first.
[[nodiscard]] bool is_for_questions(const RuleSettings& rule);

// And the gateway carries them, to where they are answered. `handling` is that of the upstream that
// the rule uses.
[[nodiscard]] bool carries_questions(const Configuration& configuration, const RuleSettings& rule,
                                     Upstream::Handling handling);

// Whether the gateway carries the questions that no rule takes. `handling` is that of the default's
// upstream.
[[nodiscard]] bool default_carries_questions(const Configuration& configuration,
                                             Upstream::Handling handling);

}  // namespace weir::firewall
