// The condition that failed, in the operator's words.
#include "rules/rule_fixture.h"

namespace weir {
namespace {

std::string why(const RuleWords& words, const std::string& interface = "eth0") {
  return why_not(rules_of({words})[0], flow_of(Protocol::tcp, "198.51.100.2", "203.0.113.5:80"),
                 interface);
}

TEST_CASE("a rule that matches has no reason not to") {
  CHECK(why({}).empty());
  CHECK(why({.client = {"198.51.100.0/24"}, .destination = {"!10.0.0.0/8"}, .interfaces = {"eth0"}})
            .empty());
}

TEST_CASE("the port is named with the ones that the rule has") {
  CHECK(why({.on = {tcp(443), udp(80), tcp(1, 65535)}}).empty());
  CHECK(why({.on = {tcp(443), tcp(8000, 8100), udp(1, 65535)}}) ==
        "tcp/80 is not in tcp/443, tcp/8000-8100, udp/*");
}

TEST_CASE("an address is named with the list it is missing from, or the negation it falls under") {
  CHECK(why({.client = {"192.0.2.1", "10.0.0.0/8"}}) ==
        "client 198.51.100.2 is not in 192.0.2.1, 10.0.0.0/8");
  CHECK(why({.client = {"198.51.100.0/24", "!198.51.100.0/30"}}) ==
        "client 198.51.100.2 is in !198.51.100.0/30");
  CHECK(why({.destination = {"192.0.2.0/24"}}) == "destination 203.0.113.5 is not in 192.0.2.0/24");
}

TEST_CASE("a long list is cut short") {
  CHECK(why({.client = {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"}}) ==
        "client 198.51.100.2 is not in 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, … (5 in all)");
}

TEST_CASE("an interface is the wrong one, or not known") {
  CHECK(why({.interfaces = {"eth1", "eth2"}}) == "interface eth0 is not in eth1, eth2");
  CHECK(why({.interfaces = {"eth1"}}, "") == "it wants interface eth1, and none is known");
}

}  // namespace
}  // namespace weir
