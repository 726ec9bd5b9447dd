// Own addresses and others, by the kernel's routes. What changes with sysctls is the lab's matter.
#include "base/local_address.h"

#include <fstream>
#include <string>

#include "catch.h"

namespace weir {

TEST_CASE("the loopback addresses are our own") {
  CHECK(is_local_address(Address::parse("127.0.0.1").value()));
  CHECK(is_local_address(Address::parse("127.1.2.3").value()));
}

TEST_CASE("so is that of IPv6, where the machine has one") {
  bool has_one = false;
  std::ifstream addresses("/proc/net/if_inet6");
  for (std::string line; std::getline(addresses, line);) {
    has_one = has_one || line.starts_with("00000000000000000000000000000001 ");
  }
  CHECK(is_local_address(Address::parse("::1").value()) == has_one);
}

TEST_CASE("addresses of others are not, with a route to them or without") {
  CHECK_FALSE(is_local_address(Address::parse("192.0.2.1").value()));
  CHECK_FALSE(is_local_address(Address::parse("2001:db8::1").value()));
}

}  // namespace weir
