// Paths in a configuration that the running gateway opens: absolute, so that no operator has to
// know which folder it runs in. No state; the thread that loads.
#pragma once

#include <string>
#include <string_view>

#include "config/findings.h"

namespace weir {

void check_absolute(const std::string& path, std::string_view key, const SourceLocation& location,
                    Findings& findings);

}  // namespace weir
