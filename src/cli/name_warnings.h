// Sets that are asked about what is not in them: names where rules want addresses, and the other
// way round.
//
// No state; any thread.
#pragma once

#include <vector>

#include "base/configuration.h"
#include "sets/set_table.h"

namespace weir {

// `sets`: those of the configuration, as they were loaded.
[[nodiscard]] std::vector<Diagnostic> name_warnings(const Configuration& configuration,
                                                    const SetTable& sets);

}  // namespace weir
