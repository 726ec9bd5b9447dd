// Why a device is not known, in the operator's words: what `explain` says of a client, and `check`
// and `doctor` of a rule's mac: or name:. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/mac.h"
#include "base/surroundings.h"
#include "devices/device_table.h"
#include "weir/endpoint.h"

namespace weir {

struct Unknown {
  enum class Why : std::uint8_t {
    known,           // it has a name
    router_between,  // it is on no link of ours, so that its MAC is not seen here
    no_neighbour,    // on a link of ours, but the neighbour table has no entry
    no_lease_file,   // nothing names devices here
    random_mac,      // one that its system made up, and that no lease or line names
    not_leased,      // a manufacturer's MAC that no lease or line names: a fixed address
    unnamed_lease,   // its lease is there, and has no host name
  };
  Why why = Why::known;
  std::string text;  // one sentence; "" where it is known
};

// Why an address has no name. `links`: what this router is connected to; null: not known, then no
// router is found to be in between.
[[nodiscard]] Unknown why_unnamed(const DeviceTable& table, const Address& address,
                                  const Surroundings* links);

// Why mac: or name: does not hold for an address, or "" where it does.
[[nodiscard]] std::string why_not_mac(const DeviceTable& table, const Address& address,
                                      const Mac& wanted, const Surroundings* links);
[[nodiscard]] std::string why_not_name(const DeviceTable& table, const Address& address,
                                       std::string_view wanted, const Surroundings* links);

// Of a word in a rule that holds for no device at all: why, or "" where there is one.
[[nodiscard]] std::string why_no_such_mac(const DeviceTable& table, const Mac& wanted);
[[nodiscard]] std::string why_no_such_name(const DeviceTable& table, std::string_view wanted);

}  // namespace weir
