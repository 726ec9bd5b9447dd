// An explanation for people, and for programs. No state; any thread.
#pragma once

#include <string>
#include <vector>

#include "cli/explanation.h"

namespace weir {

// An explanation as text, one line each, and as one JSON object.
[[nodiscard]] std::vector<std::string> lines_of(const Explanation& explanation);
[[nodiscard]] std::string json_of(const Explanation& explanation);

}  // namespace weir
