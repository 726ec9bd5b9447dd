#include "flow/destination.h"

#include <string>

#include "catch.h"

namespace weir {

TEST_CASE("no flow goes to loopback, to no address, to all hosts or to an address inside another") {
  for (const std::string text :
       {"0.0.0.0:80", "0.1.2.3:80", "127.0.0.1:53", "127.255.255.255:53", "224.0.0.1:80",
        "239.255.255.255:80", "255.255.255.255:80", "[::]:80", "[::1]:80", "[::7f00:1]:80",
        "[::c000:201]:80", "[ff02::1]:80"}) {
    INFO(text);
    CHECK(is_nowhere(Endpoint::parse(text).value()));
    CHECK(is_invalid_destination(Endpoint::parse(text).value()));
  }
  CHECK(is_nowhere({Address::parse("192.0.2.1").value(), 0}));
}

TEST_CASE("ordinary destinations are valid") {
  for (const std::string text : {"192.0.2.1:80", "10.0.0.0:1", "169.254.169.254:80", "1.0.0.1:53",
                                 "[2001:db8::1]:80", "[fd00::]:80", "[64:ff9b::c000:201]:80"}) {
    INFO(text);
    CHECK_FALSE(is_nowhere(Endpoint::parse(text).value()));
    CHECK_FALSE(is_invalid_destination(Endpoint::parse(text).value()));
  }
}

TEST_CASE("a link-local address is valid only where it is the router's own") {
  const Endpoint strange{Address::parse("fe80::dead:beef:77").value(), 80};
  CHECK_FALSE(is_nowhere(strange));
  CHECK(is_invalid_destination(strange));
}

}  // namespace weir
