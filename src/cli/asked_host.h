// A host as a question or a record names it. No state; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/flow_facts.h"
#include "weir/result.h"

namespace weir {

// In its one spelling (sets/name.h); "" stays "". The error says why it is the name of no host.
[[nodiscard]] Result<std::string> host_in(std::string_view text);

// As a flow knows it; "": it names none. A view.
[[nodiscard]] KnownHost known_host(std::string_view name);

}  // namespace weir
