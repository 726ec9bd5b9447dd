// `weir top`: asks the running gateway every second and shows what moves, until q. Main thread.
#pragma once

#include "cli/live.h"

namespace weir {

[[nodiscard]] int run_top(const LiveArguments& arguments);

}  // namespace weir
