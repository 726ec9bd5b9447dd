// What differs between two configurations, for the report of a reload. No state; reads password
// files. Main thread.
#pragma once

#include <optional>
#include <string>

#include "base/configuration.h"
#include "base/configuration_changes.h"
#include "flow/snapshot.h"

namespace weir {

// The rules and servers that were added, removed and changed, and the names of other settings.
[[nodiscard]] ConfigurationChanges compare(const Snapshot& before, const Snapshot& after);

// What only a restart can change, if the new configuration asks for it: a sentence for the
// operator.
[[nodiscard]] std::optional<std::string> needs_restart(const Configuration& before,
                                                       const Configuration& after);

}  // namespace weir
