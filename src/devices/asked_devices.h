// The devices that rules ask for (client = name:tv, mac:…), and which of them there are not, as far
// as that can be known: for `check` and `doctor`. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/configuration.h"
#include "devices/device_table.h"

namespace weir {

[[nodiscard]] bool asks_for_devices(const Configuration& configuration);
// By names, whose devices change.
[[nodiscard]] bool asks_for_names(const RuleSettings& rule);

// A word of a rule that holds for no device.
struct MissingDevice {
  const RuleSettings* rule = nullptr;  // of that configuration
  std::string word;                    // "name:tv"
  std::string why;
};
// That a device was never seen is known where there are lease files, which remember it: the
// neighbour table forgets what is switched off.
[[nodiscard]] std::vector<MissingDevice> missing_devices(const Configuration& configuration,
                                                         const DeviceTable& table);

}  // namespace weir
