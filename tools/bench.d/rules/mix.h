// Rules and flows of one mix, as many as are wanted: what an operator's file holds when it grows.
// Clients are of networks of the router's own, servers are anywhere; seven of ten rules and flows
// are IPv4. The same seed gives the same ones. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "base/configuration.h"
#include "weir/flow.h"

namespace bench {

struct Mix {
  std::vector<weir::RuleSettings> rules;
  std::vector<weir::Flow> flows;
};

// Every second flow is one of a rule's. Where there are sets, every tenth rule names one of them:
// a thousand prefixes each, addresses and networks up to a /24 or a /64.
[[nodiscard]] Mix make_mix(std::size_t rules, std::size_t sets, std::size_t flows);

}  // namespace bench
