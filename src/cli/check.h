// `weir check`: is this configuration right? Every problem on stderr, one line each; a summary on
// stdout when there is none.
#pragma once

#include <string>

namespace weir {

// Returns the exit status.
[[nodiscard]] int run_check(const std::string& file);

}  // namespace weir
