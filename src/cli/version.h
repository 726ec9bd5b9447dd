// `weir version`: the version, the policies and libraries of this build. Main thread.
#pragma once

namespace weir {

// Returns the exit status.
[[nodiscard]] int run_version(bool json);

}  // namespace weir
