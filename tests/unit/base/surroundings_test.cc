#include "base/surroundings.h"

#include <array>

#include "catch.h"

namespace weir {
namespace {

Address address(const char* text) { return Address::parse(text).value(); }

Surroundings::Entry entry(const char* own, const char* network, std::uint32_t interface) {
  return {.own = address(own), .network = Prefix::parse(network).value(), .interface = interface};
}

TEST_CASE("an address is the router's own, on one of its links, or elsewhere") {
  const std::array entries{
      entry("127.0.0.1", "127.0.0.0/8", 1),      entry("192.0.2.1", "192.0.2.0/24", 2),
      entry("192.0.2.129", "192.0.2.128/25", 3), entry("10.0.0.1", "10.9.9.9/32", 4),
      entry("2001:db8::1", "2001:db8::/64", 2),
  };
  const Surroundings here(entries);
  CHECK(here.is_own(address("192.0.2.1")));
  CHECK(here.is_own(address("10.0.0.1")));
  CHECK(here.is_own(address("2001:db8::1")));
  CHECK_FALSE(here.is_own(address("192.0.2.2")));
  CHECK_FALSE(here.is_own(address("10.9.9.9")));
  CHECK(here.interface_of(address("192.0.2.2")) == 2);
  CHECK(here.interface_of(address("192.0.2.200")) == 3);  // the narrower network
  CHECK(here.interface_of(address("10.9.9.9")) == 4);     // the other end of a link
  CHECK(here.interface_of(address("2001:db8::77")) == 2);
  CHECK(here.interface_of(address("198.51.100.1")) == 0);
  CHECK(here.interface_of(address("2001:db8:1::1")) == 0);
}

TEST_CASE("the kernel tells the router's own addresses") {
  const auto here = Surroundings::read();
  REQUIRE(here.ok());
  CHECK(here.value().is_own(address("127.0.0.1")));
  CHECK_FALSE(here.value().is_own(address("192.0.2.77")));
}

}  // namespace
}  // namespace weir
