// What weir's rules come to on this machine, as far as that is not what the configuration says: for
// `weir check`, which finds everything else in the file alone.
//
// Asks the kernel for its routes, and the firewall's tools for the rules that are there: tens of
// milliseconds, on the main thread. Needs no privilege; without it, nothing is said of others'
// rules.
#pragma once

#include <vector>

#include "base/configuration.h"
#include "doctor/evasions.h"

namespace weir {

// An error among them: the rules would be refused here.
[[nodiscard]] std::vector<Diagnostic> machine_warnings(const Configuration& configuration);

// What of it is about forward rules, at the lines of weir's rules.
[[nodiscard]] std::vector<Diagnostic> warnings_of(const std::vector<doctor::Evasion>& evasions,
                                                  const Configuration& configuration);

}  // namespace weir
