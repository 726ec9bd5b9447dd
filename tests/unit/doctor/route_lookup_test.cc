#include "doctor/route_lookup.h"

#include "catch.h"

namespace weir::doctor {

namespace {

Address address(const char* text) { return Address::parse(text).value(); }
Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

}  // namespace

TEST_CASE("a host of a subnet is neither its network, its broadcast nor this machine") {
  CHECK(host_in(prefix("192.0.2.0/24"), {}) == address("192.0.2.254"));
  CHECK(host_in(prefix("192.0.2.0/24"), {address("192.0.2.254")}) == address("192.0.2.253"));
  CHECK(host_in(prefix("192.0.2.4/30"), {address("192.0.2.5")}) == address("192.0.2.6"));
  CHECK(host_in(prefix("192.0.2.9/32"), {}) == address("192.0.2.9"));
  CHECK(prefix("10.0.0.0/8").contains(host_in(prefix("10.0.0.0/8"), {})));
  CHECK(prefix("fd00::/64").contains(host_in(prefix("fd00::/64"), {})));
}

}  // namespace weir::doctor
