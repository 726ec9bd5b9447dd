// What conditions of rules may ask about the machine that they are used on: what an interface is
// called where packets come in by it. A view, for the call that it is handed to; any thread.
#pragma once

#include <span>

#include "base/links.h"

namespace weir {

struct Machine {
  std::span<const Link> links;  // none: they cannot be read, and names are taken as they are
};

}  // namespace weir
