#include "flow/client_key.h"

#include <string>

#include "catch.h"

namespace weir {
namespace {

std::uint64_t key(const std::string& address, const Limits& limits = {},
                  const Neighbours* neighbours = nullptr) {
  return client_key(Address::parse(address).value(), limits, neighbours);
}

TEST_CASE("a client is an IPv4 address, or the /64 of an IPv6 one") {
  CHECK(key("192.0.2.1") == key("192.0.2.1"));
  CHECK(key("192.0.2.1") != key("192.0.2.2"));
  CHECK(key("fd00::1") == key("fd00::ffff:1"));
  CHECK(key("fd00::1") != key("fd00:0:0:1::1"));
}

TEST_CASE("how much of an address it is can be said") {
  Limits limits;
  limits.client_prefix_4 = 24;
  limits.client_prefix_6 = 128;
  CHECK(key("192.0.2.1", limits) == key("192.0.2.2", limits));
  CHECK(key("192.0.2.1", limits) != key("192.0.3.1", limits));
  CHECK(key("fd00::1", limits) != key("fd00::2", limits));
}

TEST_CASE("a device is one client with all its addresses, and apart from others of its /64") {
  Neighbours neighbours;
  neighbours.add(Address::parse("192.0.2.1").value(), 0xa);
  neighbours.add(Address::parse("fd00::1").value(), 0xa);
  neighbours.add(Address::parse("fd00:0:0:7::1").value(), 0xa);
  neighbours.add(Address::parse("fd00::2").value(), 0xb);
  CHECK(key("192.0.2.1", {}, &neighbours) == key("fd00::1", {}, &neighbours));
  CHECK(key("fd00:0:0:7::1", {}, &neighbours) == key("fd00::1", {}, &neighbours));
  CHECK(key("fd00::2", {}, &neighbours) != key("fd00::1", {}, &neighbours));
  CHECK(key("fd00::3", {}, &neighbours) == key("fd00::4"));
}

}  // namespace
}  // namespace weir
