// Amounts for people to read, with as many digits as a reader looks at. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace weir {

// "1.4 MiB", "250 B"
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
// "250ms", "12.5s", "3m12s", "2h4m", "3d2h"
[[nodiscard]] std::string elapsed_text(double ms);

}  // namespace weir
