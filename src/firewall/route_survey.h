// All routes and policy rules of this machine at one moment, and what the firewall's rules take
// from them: which interfaces lead outside, and which destinations have no route.
//
// Reading blocks: milliseconds, or a second on a router with the Internet's whole table. Any
// thread; no privilege.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/netlink.h"
#include "base/prefix.h"
#include "firewall/route_map.h"
#include "weir/endpoint.h"
#include "weir/result.h"

namespace weir::firewall {

struct KernelRoute {
  Family family = Family::v4;
  std::uint32_t table = 0;
  std::uint32_t metric = 0;
  Prefix destination;
  RouteResult::Kind kind = RouteResult::Kind::none;
  std::vector<unsigned> interfaces = {};  // of `out`: the living next hops, in order
  friend bool operator==(const KernelRoute&, const KernelRoute&) = default;
};

// A rule that says in which table to look.
struct RoutingRule {
  Family family = Family::v4;
  std::uint32_t priority = 0;
  std::uint32_t table = 0;
  enum class Action : std::uint8_t { lookup, refuses, nothing } action = Action::lookup;
  enum class For : std::uint8_t {
    all,
    some,          // it asks for a mark, a source, a port, …
    an_interface,  // it asks for the one that the packet came in by
  } packets = For::all;
  std::uint8_t protocol = 0;                    // the program that made it
  std::optional<std::uint8_t> suppressed = {};  // prefixes up to this length do not count
  friend bool operator==(const RoutingRule&, const RoutingRule&) = default;
};

// One message of a dump or of news; none for what is no such thing. Routes by type of service, and
// copies that the kernel keeps for single destinations, count as none.
[[nodiscard]] std::optional<KernelRoute> kernel_route_in(netlink::Bytes message);
[[nodiscard]] std::optional<RoutingRule> routing_rule_in(netlink::Bytes message);

struct RouteSurvey {
  // How much of the routes is kept: a router may have a million.
  enum class Extent : std::uint8_t {
    leading_outside,  // what leads everywhere
    refusals,         // and what refuses, or sends on to another table
    all,
  };
  struct Scope {
    Extent v4 = Extent::leading_outside;
    Extent v6 = Extent::leading_outside;
    bool links = false;  // which is a port of which is asked, too
    [[nodiscard]] Extent of(Family family) const { return family == Family::v4 ? v4 : v6; }
  };

  Scope scope;
  std::vector<KernelRoute> routes;
  std::vector<RoutingRule> rules;
};
[[nodiscard]] bool is_within(RouteSurvey::Extent extent, const KernelRoute& route);
[[nodiscard]] Result<RouteSurvey> survey_routes(RouteSurvey::Scope scope);
// As much as it takes to tell which destinations have no route: with a default route and nothing
// refused that is next to nothing.
[[nodiscard]] Result<RouteSurvey> survey_for_unreachable();
// Whether `refusals` was too little for that.
[[nodiscard]] bool hangs_on_all_routes(const RouteSurvey& survey, Family family);

// Whether a route to there is one to everywhere: 0/0, ::/0, 2000::/3, or half of an address space.
[[nodiscard]] bool is_default(const Prefix& prefix);
enum class Half : std::uint8_t { lower, upper };
[[nodiscard]] std::optional<Half> half_of(const Prefix& prefix);

// The interfaces by which some table leads everywhere, by a route or by both halves. Ascending.
[[nodiscard]] std::vector<unsigned> uplinks_in(std::span<const KernelRoute> routes);

// Whether the route of a packet depends on the interface that it came in by.
[[nodiscard]] bool hangs_on_interface(std::span<const RoutingRule> rules);

// The tables that every packet of the family is looked up in, laid over one another. Those that are
// for some packets alone do not count.
[[nodiscard]] RouteMap common_routes(const RouteSurvey& survey, Family family);

// Destinations without a route, as prefixes; where a table for some packets has one, they have.
// None: there are more than `max`.
[[nodiscard]] std::optional<std::vector<Prefix>> unreachable(const RouteSurvey& survey,
                                                             Family family, std::size_t max);

}  // namespace weir::firewall
