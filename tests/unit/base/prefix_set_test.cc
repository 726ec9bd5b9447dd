#include "base/prefix_set.h"

#include <algorithm>
#include <random>

#include "catch.h"

namespace weir {
namespace {

Address address(const char* text) { return Address::parse(text).value(); }

PrefixSet set_of(std::initializer_list<const char*> texts) {
  std::vector<Prefix> prefixes;
  for (const char* text : texts) {
    prefixes.push_back(Prefix::parse(text).value());
  }
  return PrefixSet(prefixes);
}

TEST_CASE("an empty set has nothing in it") {
  CHECK(PrefixSet().empty());
  CHECK_FALSE(PrefixSet().contains(address("192.0.2.1")));
  CHECK_FALSE(PrefixSet().covers(Family::v4));
}

TEST_CASE("a set has the first and the last address of each prefix, and not their neighbours") {
  const PrefixSet set = set_of({"192.0.2.64/26", "198.51.100.7", "2001:db8::/33"});
  CHECK(set.contains(address("192.0.2.64")));
  CHECK(set.contains(address("192.0.2.127")));
  CHECK_FALSE(set.contains(address("192.0.2.63")));
  CHECK_FALSE(set.contains(address("192.0.2.128")));
  CHECK(set.contains(address("198.51.100.7")));
  CHECK_FALSE(set.contains(address("198.51.100.6")));
  CHECK(set.contains(address("2001:db8:7fff:ffff:ffff:ffff:ffff:ffff")));
  CHECK_FALSE(set.contains(address("2001:db8:8000::")));
}

TEST_CASE("all of one family is nothing of the other") {
  CHECK(set_of({"::/0"}).covers(Family::v6));
  CHECK_FALSE(set_of({"::/0"}).contains(address("192.0.2.1")));
  CHECK(set_of({"0.0.0.0/0"}).contains(address("255.255.255.255")));
  CHECK_FALSE(set_of({"0.0.0.0/0"}).contains(address("::")));
}

TEST_CASE("halves make a whole") {
  CHECK(set_of({"128.0.0.0/1", "0.0.0.0/1"}).covers(Family::v4));
  CHECK(set_of({"8000::/1", "4000::/2", "::/2"}).covers(Family::v6));
  CHECK(set_of({"2001:db8::/65", "2001:db8:0:0:8000::/65"})
            .contains(Prefix::parse("2001:db8::/64").value()));
  CHECK_FALSE(set_of({"0.0.0.0/1", "128.0.0.0/2"}).covers(Family::v4));
}

TEST_CASE("nested and repeated prefixes count once") {
  const PrefixSet set = set_of({"10.1.0.0/16", "10.0.0.0/8", "10.0.0.0/8", "10.255.0.0/16"});
  CHECK(set.contains(address("10.200.0.1")));
  CHECK(set.contains(address("10.255.255.255")));
  CHECK_FALSE(set.contains(address("11.0.0.0")));
}

TEST_CASE("a set answers as asking each of its prefixes would") {
  std::mt19937 engine(7);
  const auto random = [&] { return static_cast<unsigned>(engine()); };
  const auto some_address = [&] {
    // Few different bits, so that prefixes nest, touch and are hit.
    const std::uint32_t number = random() & 0xc00000f3U;
    if (random() % 2 == 0) {
      return Address::v4(number);
    }
    in6_addr six{};
    six.s6_addr[0] = static_cast<std::uint8_t>(number >> 24U);
    six.s6_addr[15] = static_cast<std::uint8_t>(number);
    return Address::v6(six);
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<Prefix> prefixes;
    for (unsigned i = random() % 12; i > 0; --i) {
      const Address one = some_address();
      const auto length = static_cast<std::uint8_t>(random() % (one.is_v4() ? 33 : 129));
      prefixes.push_back({network_of(one, length), length});
    }
    const PrefixSet set(prefixes);
    for (int i = 0; i < 50; ++i) {
      const Address one = some_address();
      const bool expected = std::any_of(prefixes.begin(), prefixes.end(),
                                        [&](const Prefix& p) { return p.contains(one); });
      CHECK(set.contains(one) == expected);
    }
  }
}

}  // namespace
}  // namespace weir
