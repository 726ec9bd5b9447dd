// What each reason and each end of a flow means to an operator, in a sentence or two.
// docs/events.md and weir(1) are made of these.
//
// Pure functions, any thread.
#pragma once

#include <string_view>

#include "account/reason.h"
#include "account/record.h"

namespace weir {

// Markdown without links; begins with a capital letter and ends with a full stop.
[[nodiscard]] std::string_view meaning_of(Reason reason);
[[nodiscard]] std::string_view meaning_of(End end);

}  // namespace weir
