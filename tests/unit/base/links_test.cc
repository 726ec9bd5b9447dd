#include "base/links.h"

#include "catch.h"

namespace weir {

namespace {

using Names = std::vector<std::string>;

// lan1 and lan2 are ports of br-lan, bond0 is one, too, with eth1 and eth2; wlan0 is by itself.
const std::vector<Link> links{{1, "lo", 0, ""},         {2, "lan1", 5, "bridge"},
                              {3, "lan2", 5, "bridge"}, {4, "wlan0", 0, ""},
                              {5, "br-lan", 0, ""},     {6, "bond0", 5, "bridge"},
                              {7, "eth1", 6, "bond"},   {8, "eth2", 6, "bond"}};

}  // namespace

TEST_CASE("a port is known by its bridge, a link of a bond by the bridge that the bond is in") {
  CHECK(inbound_names(links, Names{"lan1"}) == Names{"br-lan"});
  CHECK(inbound_names(links, Names{"eth1"}) == Names{"br-lan"});
  CHECK(inbound_names(links, Names{"bond0", "wlan0", "lan2"}) == Names{"br-lan", "wlan0"});
  CHECK(inbound_names(links, Names{"br-lan", "lan1"}) == Names{"br-lan"});
  CHECK(inbound_names(links, Names{"absent", "lo"}) == Names{"absent", "lo"});
  CHECK(inbound_names({}, Names{"lan1"}) == Names{"lan1"});
}

TEST_CASE("a pattern stays, beside the masters of the ports that it covers") {
  CHECK(inbound_names(links, Names{"lan*"}) == Names{"lan*", "br-lan"});
  CHECK(inbound_names(links, Names{"wlan*"}) == Names{"wlan*"});
  CHECK(inbound_names(links, Names{"b*"}) == Names{"b*"});
}

TEST_CASE("a name that means another is told of, once a port") {
  CHECK(port_warnings(links, Names{"lan1"}, "is intercepted") ==
        Names{"lan1 is a port of br-lan; packets come in by br-lan, so all of br-lan is "
              "intercepted: write br-lan"});
  CHECK(port_warnings(links, Names{"lan*"}, "").size() == 2);
  CHECK(port_warnings(links, Names{"wlan0", "br-lan", "absent", "b*"}, "").empty());
}

TEST_CASE("masters in a ring end somewhere") {
  const std::vector<Link> ring{{1, "a", 2, "bond"}, {2, "b", 1, "bond"}};
  CHECK(inbound_master(ring, "a") != nullptr);
}

TEST_CASE("this machine's links are read, lo among them") {
  const auto read = read_links();
  REQUIRE(read);
  CHECK(std::any_of(read.value().begin(), read.value().end(),
                    [](const Link& link) { return link.name == "lo" && link.master == 0; }));
}

}  // namespace weir
