// One flow, as conditions of rules ask about it, and what they answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/mac.h"
#include "weir/flow.h"

namespace weir {

// Whether a condition holds for a flow. `not_yet`: that depends on what the client sends
// first. No condition answers so today, and RuleSet::match() has no way to ask again.
enum class Answer : std::uint8_t { no, yes, not_yet };

[[nodiscard]] constexpr Answer answer(bool holds) { return holds ? Answer::yes : Answer::no; }

// The name of an interface number; the workers ask the kernel, tests make it up.
using InterfaceName = std::function<std::string(std::uint32_t)>;

// The device that an address leads to on a link of the router's own; zero: none is known. None:
// nothing is known of devices.
using DeviceMac = std::function<Mac(const Address&)>;

// The flow, and what has to be looked up for it, each once and only when a condition asks. On the
// stack of the one who asks the rules.
class FlowFacts {
 public:
  // All must outlive it.
  FlowFacts(const Flow& flow, const InterfaceName& interface_name, const DeviceMac& device_mac)
      : flow_(flow), interface_name_(interface_name), device_mac_(device_mac) {}

  [[nodiscard]] const Flow& flow() const { return flow_; }
  // The inbound interface; "": none is known.
  [[nodiscard]] const std::string& interface() const {
    if (!interface_) {
      interface_ = interface_name_(flow_.interface);
    }
    return *interface_;
  }
  // The client's device.
  [[nodiscard]] const Mac& client_mac() const {
    if (!client_mac_) {
      client_mac_ = device_mac_ ? device_mac_(flow_.client.address) : Mac{};
    }
    return *client_mac_;
  }

 private:
  const Flow& flow_;
  const InterfaceName& interface_name_;
  const DeviceMac& device_mac_;
  mutable std::optional<std::string> interface_;
  mutable std::optional<Mac> client_mac_;
};

enum class FlowEnd : std::uint8_t { client, destination };

[[nodiscard]] inline const Address& address_at(FlowEnd end, const Flow& flow) {
  return end == FlowEnd::client ? flow.client.address : flow.destination.address;
}

}  // namespace weir
