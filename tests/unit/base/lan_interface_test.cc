#include "base/lan_interface.h"

#include "catch.h"

namespace weir {
namespace {

std::string why_not(const std::string& text) { return parse_lan_interface(text).error().text(); }

Surroundings::Entry entry(const std::string& own, const std::string& network,
                          std::uint32_t interface) {
  return {.own = Address::parse(own).value(),
          .network = Prefix::parse(network).value(),
          .interface = interface};
}

TEST_CASE("lan: takes the name of one interface") {
  CHECK(parse_lan_interface("lan:br-lan").value() == "br-lan");
  CHECK(is_lan_interface("lan:eth1"));
  CHECK_FALSE(is_lan_interface("lan"));
  CHECK(why_not("lan:") == "'lan:' names no interface (lan:IF, like lan:br-lan)");
  CHECK(why_not("la") == "'la' names no interface (lan:IF, like lan:br-lan)");
  CHECK(why_not("lan:ppp*") ==
        "'lan:ppp*' is a pattern: 'lan:' takes one interface, repeat it for others");
  CHECK(why_not("lan:a name").starts_with("'lan:' 'a name' is no interface name"));
}

TEST_CASE("an interface's networks are those of its addresses, each once, without fe80::/64") {
  const std::vector<Surroundings::Entry> entries{entry("192.0.2.1", "192.0.2.0/24", 3),
                                                 entry("2001:db8:2::1", "2001:db8:2::/64", 3),
                                                 entry("2001:db8:1::1", "2001:db8:1::/64", 3),
                                                 entry("2001:db8:1::2", "2001:db8:1::/64", 3),
                                                 entry("fe80::1", "fe80::/64", 3),
                                                 entry("198.51.100.1", "198.51.100.0/24", 4)};
  const std::vector<Link> links{{3, "lan", 0, ""}, {4, "guest", 0, ""}, {5, "wan", 0, ""}};
  const auto networks = networks_on(links, entries);
  std::string all;
  for (const Prefix& prefix : lan_prefixes(networks, "lan")) {
    all += prefix.text() + " ";
  }
  CHECK(all == "192.0.2.0/24 2001:db8:1::/64 2001:db8:2::/64 ");
  CHECK(lan_prefixes(networks, "guest").size() == 1);
  CHECK(lan_prefixes(networks, "wan").empty());
}

}  // namespace
}  // namespace weir
