// What conditions of rules may ask about the machine that they are used on: what an interface is
// called where packets come in by it, which networks its interfaces have, what time it is. A view,
// for the call that it is handed to; any thread. base/machine_here.h reads it.
#pragma once

#include <memory>
#include <span>

#include "base/lan_interface.h"
#include "base/links.h"
#include "base/local_clock.h"

namespace weir {

struct Machine {
  std::span<const Link> links = {};  // none: they cannot be read, and names are taken as they are
  std::span<const LinkNetwork> networks = {};         // of all interfaces
  std::shared_ptr<const LocalClock> clock = nullptr;  // null: it does not matter what time it is
};

}  // namespace weir
