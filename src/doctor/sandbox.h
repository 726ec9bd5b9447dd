// A throwaway network: a child process with a network namespace of its own, in which anything may
// be installed. The kernel frees it with the child; nothing of it has a name outside.
//
// REQUIRES: the process has one thread, as commands have. Needs CAP_SYS_ADMIN.
#pragma once

#include <functional>
#include <string>

#include "weir/result.h"

namespace weir::doctor {

// Runs `act` in the child, with `lo` up, and returns what it returned. An error when the namespace
// cannot be made, or when the child did not end in time.
[[nodiscard]] Result<std::string> in_new_network(const std::function<std::string()>& act);

}  // namespace weir::doctor
