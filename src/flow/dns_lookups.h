// What clients of one worker look up: learnt from DNS answers on their way to a client, before it
// has them, and found where a flow's rule depends on the host and the flow itself names none.
//
// A client may teach any name for any address, for itself: names are for comfort, not for
// protection.
//
// One per worker, lent to what passes answers on and to FlowIntake; its thread. The names are those
// of all workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "account/reason.h"
#include "flow/client_devices.h"
#include "flow/in_use.h"
#include "flow/learnt_names.h"
#include "flow/lookup_gate.h"
#include "weir/flow.h"
#include "weir/host.h"
#include "weir/units.h"

namespace weir {

class DnsLookups {
 public:
  // A longer message is not looked at: a hostile one of 64 KiB takes a millisecond.
  static constexpr std::size_t longest_message = std::size_t{16} * 1024;

  struct Parts {
    LearntNames& names;
    LookupGate* gate;  // null: the firewall knows nothing of names
    ClientDevices& devices;
    const InUse& in_use;
    Reasons& reasons;
    const Instant& now;
  };
  explicit DnsLookups(const Parts& parts) : parts_(parts) {}

  // Some rule asks for the host; else answers need not be looked at.
  [[nodiscard]] bool are_wanted() const { return parts_.in_use.snapshot->host_rules().any(); }
  // The client is about to get that from a server that it has asked; what is no answer says
  // nothing.
  void answered(const Address& client, std::span<const std::uint8_t> message);
  // What has been answered is about to leave: waits until the firewall knows of it, or for too
  // long.
  void settle() {
    if (held_.ticket != 0) {
      wait();
    }
  }
  // Null: the client has looked up no name for the flow's destination.
  [[nodiscard]] HostRef find(const Flow& flow) const;

 private:
  void wait();

  Parts parts_;
  struct Held {
    std::uint64_t ticket = 0;  // of the last one
    std::uint64_t answers = 0;
  } held_;  // since settle()
};

}  // namespace weir
