// What differs between two configurations, for the report of a reload.
#pragma once

#include <optional>
#include <string>

#include "admin/control.h"
#include "gateway/snapshot.h"

namespace weir {

// Fills in the rules and servers that were added, removed and changed.
void compare(const Snapshot& before, const Snapshot& after, ReloadReport& report);

// What only a restart can change, if the new configuration asks for it: a sentence for the
// operator.
[[nodiscard]] std::optional<std::string> needs_restart(const Configuration& before,
                                                       const Configuration& after);

}  // namespace weir
