// Which prefix of a set has an address in it.
#include "sets/prefix_table.h"

#include <algorithm>
#include <random>

#include "catch.h"

namespace weir {
namespace {

Address address(const char* text) { return Address::parse(text).value(); }
Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

// The n-th prefix is of line n, from 0 on.
PrefixTable table_of(const std::vector<Prefix>& prefixes) {
  PrefixTableBuilder builder;
  std::uint32_t line = 0;
  for (const Prefix& one : prefixes) {
    CHECK(builder.add(one, {line++}));
  }
  return std::move(builder).build();
}

PrefixTable table_of(std::initializer_list<const char*> texts) {
  std::vector<Prefix> prefixes;
  for (const char* text : texts) {
    prefixes.push_back(prefix(text));
  }
  return table_of(prefixes);
}

PrefixTable table_of_range(const char* first, const char* last) {
  PrefixTableBuilder builder;
  CHECK(builder.add(AddressRange{address(first), address(last)}, {0}));
  return std::move(builder).build();
}

std::string found(const PrefixTable& table, const char* text) {
  const auto match = table.find(address(text));
  return match ? match->prefix.text() + " " + std::to_string(match->origin.number) : "none";
}

std::vector<std::string> ranges(const PrefixTable& table, Family family) {
  std::vector<std::string> out;
  std::uint32_t position = 0;
  while (const auto range = table.next_range(family, position)) {
    out.push_back(range->first.text() + "-" + range->last.text());
  }
  return out;
}

std::vector<std::string> prefixes(const PrefixTable& table) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < table.size(); ++i) {
    out.push_back(table.at(i).prefix.text());
  }
  return out;
}

using Texts = std::vector<std::string>;

TEST_CASE("an empty table has no address, and covers nothing but what is empty, too") {
  const PrefixTable empty;
  CHECK(found(empty, "192.0.2.1") == "none");
  CHECK(found(empty, "::") == "none");
  CHECK(empty.size() == 0);
  CHECK_FALSE(empty.covers(prefix("192.0.2.1")));
  CHECK_FALSE(empty.intersects(prefix("0.0.0.0/0")));
  CHECK(empty.covers(empty));
  CHECK_FALSE(empty.intersects(empty));
  CHECK(table_of({"::1"}).covers(empty));
  CHECK(ranges(empty, Family::v4).empty());
}

TEST_CASE("the longest prefix is the one that matches, with its line") {
  const PrefixTable table = table_of({"10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3",
                                      "2001:db8::/32", "2001:db8:0:1::/64", "10.1.4.0/24"});
  CHECK(found(table, "10.1.2.3") == "10.1.2.3 3");
  CHECK(found(table, "10.1.2.4") == "10.1.2.0/24 2");
  CHECK(found(table, "10.1.3.0") == "10.1.0.0/16 1");
  CHECK(found(table, "10.1.5.0") == "10.1.0.0/16 1");
  CHECK(found(table, "10.255.255.255") == "10.0.0.0/8 0");
  CHECK(found(table, "11.0.0.0") == "none");
  CHECK(found(table, "9.255.255.255") == "none");
  CHECK(found(table, "2001:db8:0:1:ffff:ffff:ffff:ffff") == "2001:db8:0:1::/64 5");
  CHECK(found(table, "2001:db8:0:2::") == "2001:db8::/32 4");
  CHECK(found(table, "2001:db9::") == "none");
}

TEST_CASE("of what a match is within, the longest that is accepted is found") {
  const PrefixTable table = table_of({"10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24"});
  const auto shorter_than = [&](unsigned length) {
    const auto match = table.find(
        address("10.1.2.3"), [&](const PrefixMatch& one) { return one.prefix.length < length; });
    return match ? match->prefix.text() : "none";
  };
  CHECK(shorter_than(33) == "10.1.2.0/24");
  CHECK(shorter_than(24) == "10.1.0.0/16");
  CHECK(shorter_than(16) == "10.0.0.0/8");
  CHECK(shorter_than(8) == "none");
}

TEST_CASE("a prefix is found by itself only where it is listed by itself") {
  const PrefixTable table = table_of({"10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24"});
  CHECK(table.exact(prefix("10.0.0.0/16"))->origin.number == 1);
  CHECK(table.exact(prefix("10.0.0.0/8"))->origin.number == 0);
  CHECK_FALSE(table.exact(prefix("10.0.0.0/12")));
  CHECK_FALSE(table.exact(prefix("10.0.0.0/25")));
  CHECK_FALSE(table.exact(prefix("10.1.0.0/16")));
  CHECK_FALSE(table.exact(prefix("::/8")));
}

TEST_CASE("a prefix that is listed twice counts once, by its first line") {
  const PrefixTable table = table_of({"192.0.2.0/24", "10.0.0.0/8", "192.0.2.0/24"});
  CHECK(table.size() == 2);
  CHECK(found(table, "192.0.2.9") == "192.0.2.0/24 0");
}

TEST_CASE("all of one family is nothing of the other") {
  CHECK(found(table_of({"::/0"}), "192.0.2.1") == "none");
  CHECK(found(table_of({"0.0.0.0/0"}), "255.255.255.255") == "0.0.0.0/0 0");
  CHECK(found(table_of({"0.0.0.0/0"}), "::") == "none");
  CHECK(found(table_of({"::/0"}), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "::/0 0");
}

TEST_CASE("a range is the fewest prefixes that make it up") {
  CHECK(prefixes(table_of_range("192.0.2.1", "192.0.2.6")) ==
        Texts{"192.0.2.1", "192.0.2.2/31", "192.0.2.4/31", "192.0.2.6"});
  CHECK(prefixes(table_of_range("192.0.2.0", "192.0.2.255")) == Texts{"192.0.2.0/24"});
  CHECK(prefixes(table_of_range("192.0.2.7", "192.0.2.7")) == Texts{"192.0.2.7"});
  CHECK(prefixes(table_of_range("0.0.0.0", "255.255.255.255")) == Texts{"0.0.0.0/0"});
  CHECK(prefixes(table_of_range("255.255.255.254", "255.255.255.255")) ==
        Texts{"255.255.255.254/31"});
  CHECK(prefixes(table_of_range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")) == Texts{"::/0"});
  CHECK(prefixes(table_of_range("2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::")) ==
        Texts{"2001:db8::ffff:ffff:ffff:ffff", "2001:db8:0:1::"});
  CHECK(table_of_range("0.0.0.1", "255.255.255.254").size() == 62);
  CHECK(table_of_range("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe").size() == 254);
}

TEST_CASE("what stands for IPv4 addresses inside a range of IPv6 is in no table") {
  const PrefixTable table = table_of_range("::fffe:ffff:ffff", "::1:0:0:1");
  CHECK(prefixes(table) == Texts{"::fffe:ffff:ffff", "::1:0:0:0/127"});
}

TEST_CASE("a table covers what its prefixes make up together, and intersects what they touch") {
  const PrefixTable table = table_of({"10.0.0.0/9", "10.128.0.0/10", "10.192.0.0/10", "10.5.0.0/16",
                                      "2001:db8::/33", "2001:db8:8000::/33", "192.0.2.128/25"});
  CHECK(table.covers(prefix("10.0.0.0/8")));
  CHECK(table.covers(prefix("10.5.1.0/24")));
  CHECK_FALSE(table.covers(prefix("10.0.0.0/7")));
  CHECK(table.covers(prefix("2001:db8::/32")));
  CHECK_FALSE(table.covers(prefix("2001:db8::/31")));
  CHECK_FALSE(table.covers(prefix("192.0.2.0/24")));
  CHECK(table.intersects(prefix("192.0.2.0/24")));
  CHECK(table.intersects(prefix("10.5.1.1")));
  CHECK(table.intersects(prefix("0.0.0.0/0")));
  CHECK_FALSE(table.intersects(prefix("192.0.2.0/25")));
  CHECK_FALSE(table.intersects(prefix("11.0.0.0/8")));
  CHECK_FALSE(table.intersects(prefix("2001:db9::/32")));
}

TEST_CASE("a table covers another whose every address it has, whatever prefixes they are cut in") {
  const PrefixTable halves = table_of({"10.0.0.0/9", "10.128.0.0/9", "::/1"});
  const PrefixTable part = table_of({"10.0.0.0/8", "::1", "10.1.2.3"});
  CHECK(halves.covers(part));
  CHECK_FALSE(part.covers(halves));
  CHECK(halves.intersects(part));
  CHECK(part.intersects(halves));
  CHECK_FALSE(halves.intersects(table_of({"11.0.0.0/8", "8000::/1"})));
  CHECK_FALSE(table_of({"11.0.0.0/8", "8000::/1"}).intersects(halves));
}

TEST_CASE("the ranges of a table neither overlap nor touch, and come in order") {
  const PrefixTable table =
      table_of({"192.0.2.128/25", "10.0.0.0/8", "192.0.2.0/25", "10.1.0.0/16", "192.0.3.0/24",
                "192.0.5.0/24", "fd00::/8", "fe00::/7", "255.255.255.255", "0.0.0.0"});
  CHECK(ranges(table, Family::v4) == Texts{"0.0.0.0-0.0.0.0", "10.0.0.0-10.255.255.255",
                                           "192.0.2.0-192.0.3.255", "192.0.5.0-192.0.5.255",
                                           "255.255.255.255-255.255.255.255"});
  CHECK(ranges(table, Family::v6) == Texts{"fd00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
}

TEST_CASE("the deepest nesting there is keeps every level") {
  std::vector<Prefix> all;
  for (int length = 128; length >= 0; --length) {
    all.push_back({network_of(address("5555:5555:5555:5555:5555:5555:5555:5555"),
                              static_cast<std::uint8_t>(length)),
                   static_cast<std::uint8_t>(length)});
  }
  const PrefixTable table = table_of(all);
  CHECK(found(table, "5555:5555:5555:5555:5555:5555:5555:5555").ends_with(" 0"));
  CHECK(found(table, "5555:5555:5555:5555:5555:5555:5555:5554").ends_with("/127 1"));
  CHECK(found(table, "8000::") == "::/0 128");
}

// Prefixes and addresses in a few neighbourhoods, so that they nest, touch and are hit.
class Neighbourhood {
 public:
  explicit Neighbourhood(unsigned seed) : engine_(seed) {}
  unsigned number() { return static_cast<unsigned>(engine_()); }
  Address some_address() {
    const std::uint32_t bits = number() & (number() % 4 == 0 ? 0xffffffffU : 0xc00000f3U);
    if (number() % 2 == 0) {
      return Address::v4(bits);
    }
    in6_addr six{};
    six.s6_addr[0] = static_cast<std::uint8_t>(bits >> 24U);
    six.s6_addr[7] = static_cast<std::uint8_t>(bits >> 8U);
    six.s6_addr[15] = static_cast<std::uint8_t>(bits);
    return Address::v6(six);
  }
  Prefix some_prefix() {
    const Address one = some_address();
    const auto length = static_cast<std::uint8_t>(number() % (one.is_v4() ? 33 : 129));
    return {network_of(one, length), length};
  }

 private:
  std::mt19937 engine_;
};

TEST_CASE("a table answers as looking at each of its prefixes would") {
  Neighbourhood random(11);
  for (int round = 0; round < 300; ++round) {
    std::vector<Prefix> all;
    for (unsigned i = random.number() % (round % 10 == 0 ? 400 : 12); i > 0; --i) {
      all.push_back(random.some_prefix());
    }
    const PrefixTable table = table_of(all);
    for (int i = 0; i < 60; ++i) {
      const Address one = random.some_address();
      const Prefix* longest = nullptr;
      for (const Prefix& other : all) {
        if (other.contains(one) && (longest == nullptr || other.length > longest->length)) {
          longest = &other;
        }
      }
      const auto match = table.find(one);
      REQUIRE(match.has_value() == (longest != nullptr));
      REQUIRE(table.contains(one) == match.has_value());
      if (match) {
        REQUIRE(match->prefix == *longest);
        REQUIRE(all[match->origin.number] == *longest);
        REQUIRE(match->origin.number == longest - all.data());
      }
    }
  }
}

// Whether all, and any, of the addresses of a small prefix are in one of the prefixes.
struct Truth {
  bool all = true;
  bool any = false;
};

TEST_CASE("covering and intersecting are what looking at each address would say") {
  Neighbourhood random(12);
  const auto in_byte = [&] {
    // All in 192.0.2.0/24, so that every address can be tried.
    const auto length = static_cast<std::uint8_t>(24 + random.number() % 9);
    return Prefix{network_of(Address::v4(0xc0000200U | (random.number() & 0xffU)), length), length};
  };
  for (int round = 0; round < 1000; ++round) {
    std::vector<Prefix> all;
    for (unsigned i = random.number() % 8; i > 0; --i) {
      all.push_back(in_byte());
    }
    const PrefixTable table = table_of(all);
    const Prefix asked = in_byte();
    Truth truth;
    std::string bits;
    for (std::uint32_t i = 0; i < 256; ++i) {
      const Address one = Address::v4(0xc0000200U | i);
      const bool is_in = std::any_of(all.begin(), all.end(),
                                     [&](const Prefix& other) { return other.contains(one); });
      bits += is_in ? '1' : '0';
      if (asked.contains(one)) {
        truth.all = truth.all && is_in;
        truth.any = truth.any || is_in;
      }
    }
    REQUIRE(table.covers(asked) == truth.all);
    REQUIRE(table.intersects(asked) == truth.any);
    REQUIRE(table.covers(table_of({asked})) == truth.all);
    REQUIRE(table.intersects(table_of({asked})) == truth.any);

    std::string of_ranges(256, '0');
    std::uint32_t position = 0;
    int last = -2;
    while (const auto range = table.next_range(Family::v4, position)) {
      const int begin = range->first.bytes()[15];
      REQUIRE(begin > last + 1);
      last = range->last.bytes()[15];
      for (int i = begin; i <= last; ++i) {
        of_ranges[static_cast<std::size_t>(i)] = '1';
      }
    }
    REQUIRE(of_ranges == bits);
  }
}

}  // namespace
}  // namespace weir
