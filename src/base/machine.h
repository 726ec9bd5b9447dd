// What conditions of rules may ask about the machine that they are used on: what an interface is
// called where packets come in by it, which networks its interfaces have, what time it is, which
// devices it knows. A view, for the call that it is handed to; any thread.
// base/machine_here.h reads it.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/lan_interface.h"
#include "base/links.h"
#include "base/local_clock.h"

namespace weir {

class DeviceTable;  // devices/device_table.h
class SetTable;     // sets/set_table.h

struct Machine {
  std::span<const Link> links = {};  // none: they cannot be read, and names are taken as they are
  // Of all interfaces; none: it does not matter which they have.
  std::optional<std::span<const LinkNetwork>> networks = std::nullopt;
  std::shared_ptr<const LocalClock> clock = nullptr;  // null: it does not matter what time it is
  const SetTable* sets = nullptr;                     // null: they are as they are
  // Of the firewall, which cannot look up clients; null: it does not matter who they are.
  const DeviceTable* devices = nullptr;
};

}  // namespace weir
