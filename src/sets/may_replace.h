// Whether a set may become what its lists say now: one that lost more than half of its items is
// rather a list that came across cut off. Pure; any thread.
#pragma once

#include <cstddef>

#include "base/set_settings.h"
#include "weir/result.h"

namespace weir {

// Sizes in items. The error says what would happen, and what allows it.
Result<> may_replace(const SetSettings& set, std::size_t now, std::size_t later);

}  // namespace weir
