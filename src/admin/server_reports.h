// What is shown of an upstream's servers. No state; main thread.
#pragma once

#include <vector>

#include "admin/control.h"
#include "weir/upstream.h"

namespace weir {

[[nodiscard]] std::vector<ServerReport> server_reports(const Upstream& upstream);
[[nodiscard]] std::vector<ServiceReport> service_reports(const ServerSet& set);

}  // namespace weir
