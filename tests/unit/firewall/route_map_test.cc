#include "firewall/route_map.h"

#include <string>

#include "catch.h"

namespace weir::firewall {

namespace {

using Kind = RouteResult::Kind;
using Texts = std::vector<std::string>;

RoutedPrefix route(std::string_view prefix, Kind kind, unsigned interface = 0,
                   std::uint32_t metric = 0) {
  return {.prefix = Prefix::parse(prefix).value(),
          .metric = metric,
          .result = {.kind = kind, .interface = interface}};
}

Texts texts(const std::optional<std::vector<Prefix>>& prefixes) {
  Texts out;
  for (const Prefix& prefix : prefixes.value()) out.push_back(prefix.text());
  return out;
}

bool is_unreachable(const RouteResult& result) {
  return result.kind == Kind::none || result.kind == Kind::refused;
}
RouteMap::Wanted by(unsigned interface) {
  return [=](const RouteResult& result) {
    return result.kind == Kind::out && result.interface == interface;
  };
}

constexpr std::size_t plenty = 1000;

}  // namespace

TEST_CASE("without routes nothing can be reached") {
  CHECK(texts(RouteMap(Family::v4).destinations(is_unreachable, plenty)) == Texts{"0.0.0.0/0"});
  CHECK(texts(RouteMap(Family::v6).destinations(is_unreachable, plenty)) == Texts{"::/0"});
}

TEST_CASE("with a default route only what is refused has no route") {
  RouteMap map(Family::v4);
  map.add_table({route("203.0.113.128/25", Kind::refused), route("0.0.0.0/0", Kind::out, 2),
                 route("203.0.113.130/32", Kind::out, 3)});
  CHECK(texts(map.destinations(is_unreachable, plenty)) ==
        Texts{"203.0.113.128/31", "203.0.113.131", "203.0.113.132/30", "203.0.113.136/29",
              "203.0.113.144/28", "203.0.113.160/27", "203.0.113.192/26"});
  CHECK(texts(map.destinations(by(3), plenty)) == Texts{"203.0.113.130"});
}

TEST_CASE("without a default route all but the routed prefixes has none") {
  RouteMap map(Family::v6);
  map.add_table({route("8000::/1", Kind::out, 2), route("::/2", Kind::out, 2)});
  CHECK(texts(map.destinations(is_unreachable, plenty)) == Texts{"4000::/2"});
  CHECK(texts(map.destinations(by(2), plenty)) == Texts{"::/2", "8000::/1"});
}

TEST_CASE("the lowest metric counts, and of equal ones the first") {
  RouteMap map(Family::v4);
  map.add_table({route("0.0.0.0/0", Kind::refused, 0, 100), route("0.0.0.0/0", Kind::out, 2, 50),
                 route("10.0.0.0/8", Kind::out, 3), route("10.0.0.0/8", Kind::refused)});
  CHECK(texts(map.destinations(is_unreachable, plenty)).empty());
  CHECK(texts(map.destinations(by(3), plenty)) == Texts{"10.0.0.0/8"});
}

TEST_CASE("a table is asked what those before say nothing about") {
  RouteMap map(Family::v4);
  map.add_table({route("128.0.0.0/1", Kind::out, 2), route("192.0.0.0/2", Kind::none)});
  map.add_table({route("0.0.0.0/0", Kind::out, 3), route("64.0.0.0/2", Kind::refused)});
  CHECK(texts(map.destinations(by(2), plenty)) == Texts{"128.0.0.0/2"});
  CHECK(texts(map.destinations(by(3), plenty)) == Texts{"0.0.0.0/2", "192.0.0.0/2"});
  CHECK(texts(map.destinations(is_unreachable, plenty)) == Texts{"64.0.0.0/2"});
}

TEST_CASE("both ends of the address space are served") {
  RouteMap map(Family::v6);
  map.add_table({route("::/128", Kind::out, 2),
                 route("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", Kind::out, 2)});
  CHECK(texts(map.destinations(by(2), plenty)) ==
        Texts{"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
  CHECK(texts(map.destinations(is_unreachable, plenty)).size() == 254);
}

TEST_CASE("too many prefixes are none at all") {
  RouteMap map(Family::v6);
  map.add_table({route("2001:db8::1/128", Kind::out, 2)});
  CHECK(map.destinations(is_unreachable, 128).has_value());
  CHECK_FALSE(map.destinations(is_unreachable, 127).has_value());
}

}  // namespace weir::firewall
