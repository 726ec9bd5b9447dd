// Which destinations the router has a route to, and by which interface: routes laid over one
// another in the order in which the kernel tries their tables. What nft asks of every packet (fib),
// laid out beforehand for a firewall that cannot ask.
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/prefix.h"
#include "weir/endpoint.h"

namespace weir::firewall {

// Where a route leads.
struct RouteResult {
  enum class Kind : std::uint8_t {
    none,     // nothing said: the next table is tried (also: throw)
    refused,  // unreachable, prohibit, blackhole
    here,     // to this machine, or to all hosts on a link
    out,      // by `interface`
  } kind = Kind::none;
  unsigned interface = 0;
  friend bool operator==(const RouteResult&, const RouteResult&) = default;
};

struct RoutedPrefix {
  Prefix prefix;
  std::uint32_t metric = 0;
  RouteResult result;
};

class RouteMap {
 public:
  explicit RouteMap(Family family);

  // One table, tried for what those before say nothing about. In it the longest prefix counts, and
  // of equal ones the lowest metric, or the first.
  void add_table(std::vector<RoutedPrefix> routes);

  // The destinations whose result is wanted, as the fewest prefixes, ascending. None when they are
  // more than `max`.
  using Wanted = std::function<bool(const RouteResult&)>;
  [[nodiscard]] std::optional<std::vector<Prefix>> destinations(const Wanted& wanted,
                                                                std::size_t max) const;

 private:
  __extension__ using Number = unsigned __int128;
  struct Piece {
    Number first = 0;
    Number last = 0;
    RouteResult result;
  };
  [[nodiscard]] Number number_of(const Address& address) const;
  [[nodiscard]] Address address_of(Number number) const;
  [[nodiscard]] std::vector<Piece> flatten(std::vector<RoutedPrefix> routes) const;

  Family family_;
  int width_;                  // bits of an address
  std::vector<Piece> pieces_;  // ascending, all of the family's addresses
};

}  // namespace weir::firewall
