// The listeners of a gateway that systemd starts: those that it kept, completed by new ones.
//
// No state; main thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "intercept/listeners.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

// Closes those that a service manager passed and that are of another port, or nothing of ours at
// all; returns their names.
[[nodiscard]] std::vector<std::string> close_foreign(std::vector<PassedSocket>& passed, Port port);
// The others, each with the worker that its name says ("worker-3", or one that is left of them);
// what is missing is opened. REQUIRES: close_foreign() has seen them.
[[nodiscard]] Result<std::vector<Listeners>> adopt_listeners(std::vector<PassedSocket> passed,
                                                             Port port, std::size_t workers);
[[nodiscard]] std::string listener_name(std::size_t worker);

}  // namespace weir
