// The egress that policy rules of the router choose for a flow, where they look at what a forwarded
// packet has and a socket of ours has not (`ip rule iif lan lookup vpn`, `from 192.0.2.0/24 lookup
// dsl2`).
//
// One per worker; its thread. Costs nothing where there are no such rules.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "base/descriptor.h"
#include "flow/routing_rules.h"
#include "weir/flow.h"
#include "weir/route.h"

namespace weir {

class PolicyRouting {
 public:
  // From now on; what was found out before is forgotten. Null: none.
  void use(std::shared_ptr<const RoutingRules> rules);

  // Whether a flow's inbound interface has to be known.
  [[nodiscard]] bool matter(Family family) const {
    return rules_ != nullptr && rules_->match_packets(family);
  }

  // `own`: the bits of marks that are weir's, and what of them its sockets carry.
  struct Marks {
    Mark bypass;
    std::uint32_t own = 0;
  };
  // Sets the route's egress. 0, or why there is none: what the kernel says to a forwarded packet,
  // or no_socket_can.
  [[nodiscard]] int choose(const Flow& flow, Route& route, const Marks& marks);

  static constexpr int no_socket_can = EOPNOTSUPP;

 private:
  static constexpr std::size_t max = 4096;

  struct Key {
    std::uint32_t interface;
    Address client;
    Address destination;
    Protocol protocol;  // a rule may look at both, too
    Port port;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return hash_of(key.destination) ^ (hash_of(key.client) * 0x9e3779b97f4a7c15U) ^
             key.interface ^ (std::size_t{key.port} << 16U) ^
             static_cast<std::size_t>(key.protocol);
    }
  };
  struct Found {
    Egress egress;
    int error = 0;
  };
  // What the kernel answers.
  struct Hop {
    int error = 0;
    std::uint32_t interface = 0;
    std::uint32_t table = 0;
    Address gateway;
    // A route of several hops answers now with one, now with another.
    [[nodiscard]] bool is_same_route(const Hop& other) const {
      return error == 0 && other.error == 0 &&
             (table == other.table || (interface == other.interface && gateway == other.gateway));
    }
  };
  struct RouteQuery {
    Address destination;
    Address source;              // unspecified: none
    std::uint32_t inbound = 0;   // of a packet; 0: a socket asks
    std::uint32_t outbound = 0;  // the socket is bound to it; 0: to none
    Protocol protocol = Protocol::tcp;
    Port port = 0;
    std::uint32_t mark = 0;
  };

  [[nodiscard]] Found find(const Key& key, const Marks& marks);
  [[nodiscard]] Hop ask(const RouteQuery& query);

  std::shared_ptr<const RoutingRules> rules_;
  Descriptor netlink_;
  std::unordered_map<Key, Found, KeyHash> found_;
};

}  // namespace weir
