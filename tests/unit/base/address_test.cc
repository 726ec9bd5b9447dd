#include <arpa/inet.h>
#include <net/if.h>

#include <string>
#include <vector>

#include "catch.h"
#include "weir/endpoint.h"

namespace weir {
namespace {

Address address(const std::string& text) {
  auto parsed = Address::parse(text);
  INFO(text);
  REQUIRE(parsed.ok());
  return parsed.value();
}

}  // namespace

TEST_CASE("an address is written as people write it, whatever form it was given in") {
  struct Row {
    std::string given;
    std::string written;
    Family family;
  };
  const std::vector<Row> rows{
      {"192.0.2.1", "192.0.2.1", Family::v4},
      {"0.0.0.0", "0.0.0.0", Family::v4},
      {"255.255.255.255", "255.255.255.255", Family::v4},
      {"::", "::", Family::v6},
      {"::1", "::1", Family::v6},
      {"fd00::1", "fd00::1", Family::v6},
      {"FD00:0:0:0:0:0:0:1", "fd00::1", Family::v6},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", Family::v6},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221", Family::v6},
      {"::ffff:192.0.2.1", "192.0.2.1", Family::v4},  // v4-mapped is IPv4
      {"::ffff:c000:201", "192.0.2.1", Family::v4},
      {"::192.0.2.1", "::192.0.2.1", Family::v6},  // "compatible" is not mapped
      {"::ffff:0:c000:201", "::ffff:0:c000:201", Family::v6},
      {"fe80::1", "fe80::1", Family::v6},
  };
  for (const Row& row : rows) {
    INFO(row.given);
    const Address parsed = address(row.given);
    CHECK(parsed.text() == row.written);
    CHECK(parsed.family() == row.family);
    CHECK(address(parsed.text()) == parsed);
  }
}

TEST_CASE("what is no address is refused with its text") {
  const std::vector<std::string> rows{
      "",         " ",         "192.0.2",       "192.0.2.1.1",       "192.0.2.256", "192.0.2.01",
      "192.0.2.", ".192.0.2",  " 192.0.2.1",    "192.0.2.1 ",        "0x7f000001",  "2130706433",
      "::1::",    ":::",       "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "fd00::g",     "[::1]",
      "fd00:",    "localhost", "192.0.2.1/32",  "192.0.2.-1",        "12345::",     "::ffff:1.2.3",
  };
  for (const std::string& row : rows) {
    INFO(row);
    const auto parsed = Address::parse(row);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().text() == "'" + row + "' is not an IPv4 or IPv6 address");
  }
}

TEST_CASE("a NUL byte does not end an address early") {
  using namespace std::string_literals;
  CHECK_FALSE(Address::parse("192.0.2.1\0"s).ok());
  CHECK_FALSE(Address::parse("192.0.2.1\0 and more"s).ok());
  CHECK_FALSE(Address::parse("fd00::1\0/64"s).ok());
  CHECK_FALSE(Address::parse("fe80::1%lo\0garbage"s).ok());
}

TEST_CASE("a link-local address carries its interface") {
  const unsigned lo = if_nametoindex("lo");
  REQUIRE(lo != 0);
  const Address scoped = address("fe80::1%lo");
  CHECK(scoped.scope() == lo);
  CHECK(scoped.text() == "fe80::1%lo");
  CHECK(scoped != address("fe80::1"));

  const auto unknown = Address::parse("fe80::1%no-such-thing");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().text() == "no interface named 'no-such-thing'");
  CHECK_FALSE(Address::parse("fe80::1%").ok());
  // The kernel takes the second of these for the first.
  CHECK(Address::parse("fe80::1%lo").ok());
  CHECK_FALSE(Address::parse("fe80::1%lo:80").ok());
}

TEST_CASE("an interface after an address that cannot have one is refused, not skipped") {
  for (const std::string text : {"192.0.2.1%lo", "fd00::1%lo", "::ffff:192.0.2.1%lo", "::1%lo"}) {
    INFO(text);
    CHECK_FALSE(Address::parse(text).ok());
  }
}

TEST_CASE("a scope that no interface has any more is written as its number") {
  in6_addr raw{};
  REQUIRE(inet_pton(AF_INET6, "fe80::9", &raw) == 1);
  CHECK(Address::v6(raw, 2'000'000'000).text() == "fe80::9%2000000000");
  CHECK(Address::v6(raw, 0).text() == "fe80::9");
}

TEST_CASE("only link-local addresses have a scope") {
  in6_addr raw{};
  REQUIRE(inet_pton(AF_INET6, "2001:db8::1", &raw) == 1);
  CHECK(Address::v6(raw, 7).scope() == 0);
  CHECK(Address::v6(raw, 7) == address("2001:db8::1"));
}

TEST_CASE("unspecified, loopback and multicast are told apart in both families") {
  struct Row {
    std::string text;
    bool unspecified;
    bool loopback;
    bool multicast;
  };
  const std::vector<Row> rows{
      {"0.0.0.0", true, false, false},
      {"::", true, false, false},
      {"0.0.0.1", false, false, false},
      {"127.0.0.1", false, true, false},
      {"127.255.255.254", false, true, false},
      {"128.0.0.1", false, false, false},
      {"::1", false, true, false},
      {"::2", false, false, false},
      {"224.0.0.1", false, false, true},
      {"239.255.255.255", false, false, true},
      {"223.255.255.255", false, false, false},
      {"240.0.0.1", false, false, false},
      {"ff02::1", false, false, true},
      {"fe80::1", false, false, false},
      {"192.0.2.1", false, false, false},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const Address parsed = address(row.text);
    CHECK(parsed.is_unspecified() == row.unspecified);
    CHECK(parsed.is_loopback() == row.loopback);
    CHECK(parsed.is_multicast() == row.multicast);
  }
}

TEST_CASE("every way to make an IPv4 address makes the same one") {
  in_addr raw{};
  raw.s_addr = htonl(0xc0000201);
  CHECK(Address::v4(raw) == address("192.0.2.1"));
  CHECK(Address::v4(0xc0000201U) == address("192.0.2.1"));
  CHECK(Address::v4(0xc0000201U).to_v4().s_addr == raw.s_addr);
  CHECK(Address::v6(Address::v4(raw).to_v6()) == Address::v4(raw));
  CHECK(Address::any(Family::v4) == address("0.0.0.0"));
  CHECK(Address::any(Family::v6) == address("::"));
  CHECK(Address{} == address("::"));
}

TEST_CASE("addresses order by their bytes, IPv4 among the mapped ones") {
  const std::vector<std::string> ascending{"::",        "::1",     "0.0.0.0", "10.0.0.1",
                                           "192.0.2.1", "fd00::1", "ff02::1"};
  for (std::size_t i = 0; i + 1 < ascending.size(); ++i) {
    INFO(ascending[i]);
    CHECK(address(ascending[i]) < address(ascending[i + 1]));
    CHECK_FALSE(address(ascending[i + 1]) < address(ascending[i]));
  }
}

}  // namespace weir
