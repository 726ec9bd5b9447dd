#include "firewall/translations.h"

#include "catch.h"

namespace weir::firewall {

namespace {

std::vector<std::string> rules(const std::vector<Translation>& translations) {
  std::vector<std::string> all;
  for (const Translation& one : translations) {
    all.push_back(one.rule);
  }
  return all;
}

}  // namespace

TEST_CASE("of nft's tables those rules count that change a destination") {
  const std::string listing =
      "table ip mine {\n\tchain pre {\n"
      "\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
      "\t\tip daddr 203.0.113.66 dnat to 192.0.2.2\n\t\ttcp dport 80 redirect to :3128\n"
      "\t\tct status dnat accept\n\t\ticmp type redirect accept\n"
      "\t\ttcp dport 81 accept comment \"dnat\"\n\t}\n\tchain post {\n\t\tmasquerade\n\t}\n}\n"
      "table ip nat {\n\tchain PREROUTING {\n\t\ttcp dport 82 dnat to 192.0.2.3\n\t}\n}\n";
  CHECK(rules(translations_of_nft(listing, {"ip nat"})) ==
        std::vector<std::string>{"ip mine pre: ip daddr 203.0.113.66 dnat to 192.0.2.2",
                                 "ip mine pre: tcp dport 80 redirect to :3128"});
  CHECK(translations_of_nft(listing, {}).size() == 3);
  CHECK(translations_of_nft("", {}).empty());
}

TEST_CASE(
    "of iptables' rules those of nat count, and those that count by themselves are not copied") {
  const std::string saved =
      "*mangle\n-A PREROUTING -j DNAT\nCOMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n"
      "-A PREROUTING -d 203.0.113.66/32 -j DNAT --to-destination 192.0.2.2\n"
      "-A PREROUTING -p tcp -m limit --limit 5/sec -j REDIRECT --to-ports 3128\n"
      "-A PREROUTING -j OTHER\n-A POSTROUTING -o wan -j NETMAP --to 203.0.113.0/24\nCOMMIT\n";
  const auto all = translations_of_iptables("iptables", saved);
  REQUIRE(all.size() == 2);
  CHECK(all[0].passes(Backend::iptables));
  CHECK_FALSE(all[1].passes(Backend::iptables));
  CHECK(all[1].passes(Backend::nft));
  CHECK_FALSE(translations_of_iptables("iptables-legacy", saved)[0].passes(Backend::iptables));
  CHECK(words(all) ==
        "iptables nat PREROUTING -d 203.0.113.66/32 -j DNAT --to-destination 192.0.2.2; "
        "iptables nat PREROUTING -p tcp -m limit --limit 5/sec -j REDIRECT --to-ports 3128");
}

TEST_CASE("of many translations some are named") {
  const std::vector<Translation> many(5, {.tool = "nft", .rule = "a b: dnat", .copied = false});
  CHECK(words(many) == "nft a b: dnat; nft a b: dnat; nft a b: dnat; and 2 more");
}

}  // namespace weir::firewall
