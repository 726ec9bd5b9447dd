// The route that a packet would take, asked of the kernel with everything that policy rules look
// at: the interface it comes in by, its mark, addresses, protocol and port. And the policy rules
// themselves, with what tells which of them took it.
//
// No state. Blocking, for microseconds; any thread. Needs no privilege.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/prefix.h"
#include "weir/endpoint.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir::doctor {

struct RouteQuery {
  Address client;
  Address destination;
  std::string inbound;  // empty: this machine itself asks, and `client` says nothing
  std::uint32_t mark = 0;
  Protocol protocol = Protocol::tcp;
  Port port = 0;
};

struct RouteAnswer {
  std::uint8_t type = 0;  // RTN_LOCAL, RTN_UNICAST, …
  std::uint32_t table = 0;
  std::string outbound;  // the interface it leaves by
};

// The error is the kernel's: unreachable, prohibited, or what it drops on its way in.
[[nodiscard]] Result<RouteAnswer> look_up_route(const RouteQuery& query);

struct SteeringRule {
  std::uint32_t priority = 0;
  std::uint8_t action = 0;  // FR_ACT_TO_TBL, FR_ACT_BLACKHOLE, …
  std::uint32_t table = 0;
  std::uint8_t protocol = 0;  // the program that made it
  std::string inbound;        // empty: any
  Mark mark;                  // mask 0: does not look at it
  std::optional<Prefix> source;
  std::optional<Prefix> destination;
};

[[nodiscard]] Result<std::vector<SteeringRule>> read_steering_rules(Family family);

// An address of the prefix that is neither its first nor its last, nor one of those to avoid.
[[nodiscard]] Address host_in(const Prefix& prefix, const std::vector<Address>& avoided);

}  // namespace weir::doctor
