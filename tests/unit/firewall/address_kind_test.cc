// What an address is to this machine.
#include "firewall/address_kind.h"

#include <linux/rtnetlink.h>

#include "catch.h"

namespace weir::firewall {
namespace {

TableRoute route(std::uint8_t type, std::string destination) {
  TableRoute out;
  out.type = type;
  out.destination = std::move(destination);
  return out;
}

Address address(std::string_view text) { return Address::parse(text).value(); }

TEST_CASE("the longest prefix of the table says what an address is") {
  const std::vector<TableRoute> local{
      route(RTN_LOCAL, "127.0.0.0/8"),         route(RTN_BROADCAST, "127.255.255.255/32"),
      route(RTN_LOCAL, "192.0.2.1/32"),        route(RTN_BROADCAST, "192.0.2.255/32"),
      route(RTN_ANYCAST, "fd00::/128"),        route(RTN_LOCAL, "fd00::1/128"),
      route(RTN_MULTICAST, "ff00::/8"),        route(RTN_UNICAST, "198.51.100.7/32"),
      route(RTN_LOCAL, "not a prefix at all"),
  };
  CHECK(kind_of(address("127.0.0.53"), local) == AddressKind::local);
  CHECK(kind_of(address("127.255.255.255"), local) == AddressKind::broadcast);
  CHECK(kind_of(address("192.0.2.1"), local) == AddressKind::local);
  CHECK(kind_of(address("192.0.2.2"), local) == AddressKind::unicast);
  CHECK(kind_of(address("192.0.2.255"), local) == AddressKind::broadcast);
  CHECK(kind_of(address("198.51.100.7"), local) == AddressKind::unicast);
  CHECK(kind_of(address("fd00::"), local) == AddressKind::anycast);
  CHECK(kind_of(address("fd00::1"), local) == AddressKind::local);
  CHECK(kind_of(address("fd00::2"), local) == AddressKind::unicast);
}

TEST_CASE("some addresses are what they are on every machine") {
  CHECK(kind_of(address("255.255.255.255"), {}) == AddressKind::broadcast);
  CHECK(kind_of(address("0.1.2.3"), {}) == AddressKind::broadcast);
  CHECK(kind_of(address("224.0.0.251"), {}) == AddressKind::multicast);
  CHECK(kind_of(address("ff02::fb"), {}) == AddressKind::multicast);
}

TEST_CASE("the kernel knows its own addresses") {
  CHECK(kind_of(address("127.0.0.1")) == AddressKind::local);
  CHECK(kind_of(address("203.0.113.77")) == AddressKind::unicast);
}

}  // namespace
}  // namespace weir::firewall
