// A flow as the stages before the relay see it: where it comes from and where it was going. A plain
// value; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "weir/endpoint.h"
#include "weir/host.h"
#include "weir/units.h"

namespace weir {

struct Flow {
  Protocol protocol = Protocol::tcp;
  std::uint8_t dscp = 0;     // TCP: of the client's SYN
  std::uint16_t worker = 0;  // which one serves it: its counters are the flow's
  Endpoint client;
  Endpoint destination;  // the original one; never changes meaning
  // Number of the inbound interface; 0 where no rule asks for it.
  std::uint32_t interface = 0;
  HostRef host = {};  // that its client means, where a rule asked for it
};

}  // namespace weir
