// The value of a `check` key: none, connect, handshake, or `[udp] send:TEXT expect:TEXT`. Pure; any
// thread.
#pragma once

#include <optional>

#include "weir/check_terms.h"
#include "weir/result.h"
#include "weir/settings.h"

namespace weir {

// With the intervals and counts that stand beside it; none: no check.
[[nodiscard]] Result<std::optional<CheckTerms>> parse_check(const Settings& settings);

}  // namespace weir
