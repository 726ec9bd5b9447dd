// This machine at one moment, as conditions of rules see it: its links, the networks on them, its
// clock; and what is in the sets.
//
// Immutable once read; shared by the snapshots that were made of it. Any thread. Reading blocks,
// for a millisecond.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/machine.h"

namespace weir {

struct MachineHere {
  std::vector<Link> links = {};
  std::vector<LinkNetwork> networks = {};
  std::shared_ptr<const LocalClock> clock = nullptr;
  // What its clients are known by; null: that was not looked for. Others put it there.
  std::shared_ptr<const DeviceTable> devices = nullptr;
  // With what is added to them and removed from them at run time; null: they are as they are.
  std::shared_ptr<const SetTable> sets = nullptr;
  std::string problem = {};  // why links and networks cannot be read, and are none; else ""

  [[nodiscard]] static MachineHere read();

  [[nodiscard]] Machine view() const {
    return {.links = links, .networks = networks, .clock = clock, .sets = sets.get()};
  }
  // Interfaces keep the names that the configuration has for them: what reconciles the firewall's
  // rules looks those up by itself, whenever links change.
  [[nodiscard]] Machine for_firewall() const {
    return {.links = {},
            .networks = networks,
            .clock = clock,
            .sets = sets.get(),
            .devices = devices.get()};
  }
};

}  // namespace weir
