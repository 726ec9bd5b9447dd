// One flow, as conditions of rules ask about it, and what they answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "weir/flow.h"
#include "weir/host.h"

namespace weir {

// Whether a condition holds for a flow. `not_yet`: that depends on a name which the client may
// still give with its first bytes; RuleSet::decide() says whether the rules have to be asked again
// then. Never an answer where the flow's KnownHost is a name, or none.
enum class Answer : std::uint8_t { no, yes, not_yet };

[[nodiscard]] constexpr Answer answer(bool holds) { return holds ? Answer::yes : Answer::no; }

// The name of an interface number; the workers ask the kernel, tests make it up.
using InterfaceName = std::function<std::string(std::uint32_t)>;

struct Device;  // devices/device_table.h

// What is known of a flow's client; null: nothing, or there is no function.
using ClientDevice = std::function<const Device*(const Flow&)>;

// Which host the client means, as far as is known.
struct KnownHost {
  enum class State : std::uint8_t {
    none,     // it names none
    not_yet,  // its first bytes may name one
    name,
  } state = State::none;
  std::string_view name = {};  // as sets/name.h keeps names; outlives whatever is asked about it
};

[[nodiscard]] inline KnownHost known(const HostRef& host) {
  return host == nullptr ? KnownHost{}
                         : KnownHost{.state = KnownHost::State::name, .name = host->name};
}

// The flow, and what has to be looked up for it, each once and only when a condition asks. On the
// stack of the one who asks the rules.
class FlowFacts {
 public:
  // All must outlive it.
  FlowFacts(const Flow& flow, const InterfaceName& interface_name,
            const ClientDevice& client_device, const KnownHost& host = {})
      : flow_(flow), interface_name_(interface_name), find_device_(client_device), host_(host) {}

  [[nodiscard]] const Flow& flow() const { return flow_; }
  // The inbound interface; "": none is known.
  [[nodiscard]] const std::string& interface() const {
    if (!interface_) {
      interface_ = interface_name_(flow_.interface);
    }
    return *interface_;
  }
  // Null: nothing is known of it.
  [[nodiscard]] const Device* client_device() const {
    if (!client_device_) {
      client_device_ = find_device_ ? find_device_(flow_) : nullptr;
    }
    return *client_device_;
  }
  [[nodiscard]] const KnownHost& host() const { return host_; }

 private:
  const Flow& flow_;
  const InterfaceName& interface_name_;
  const ClientDevice& find_device_;
  KnownHost host_;
  mutable std::optional<std::string> interface_;
  mutable std::optional<const Device*> client_device_;
};

enum class FlowEnd : std::uint8_t { client, destination };

[[nodiscard]] inline const Address& address_at(FlowEnd end, const Flow& flow) {
  return end == FlowEnd::client ? flow.client.address : flow.destination.address;
}

}  // namespace weir
