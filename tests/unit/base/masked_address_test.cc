#include "base/masked_address.h"

#include <random>

#include "catch.h"

namespace weir {
namespace {

MaskedAddress masked(const std::string& text) { return MaskedAddress::parse(text).value(); }
Address at(const std::string& text) { return Address::parse(text).value(); }
std::string why_not(const std::string& text) { return MaskedAddress::parse(text).error().text(); }

TEST_CASE("an interface part holds behind every prefix, and no other does") {
  const MaskedAddress suffix = masked("::10/::ffff:ffff:ffff:ffff");
  CHECK(suffix.holds(at("2001:db8:1::10")));
  CHECK(suffix.holds(at("2001:db8:ffff:9::10")));
  CHECK(suffix.holds(at("fe80::10")));
  CHECK_FALSE(suffix.holds(at("2001:db8::11")));
  CHECK_FALSE(suffix.holds(at("2001:db8::1:0:0:10")));
}

TEST_CASE("a condition on IPv6 bits never holds for IPv4") {
  const MaskedAddress low = masked("::c000:201/::ffff:ffff");
  CHECK(low.holds(at("2001:db8::c000:201")));
  CHECK_FALSE(low.holds(at("192.0.2.1")));
}

TEST_CASE("bits need not be at either end, nor side by side") {
  const MaskedAddress one = masked("2001:db8:0:7::/ffff:ffff:0:ff::");
  CHECK(one.holds(at("2001:db8:1234:ff07::1")));
  CHECK_FALSE(one.holds(at("2001:db8:1234:ff08::1")));
}

TEST_CASE("it is printed as it is read, never with an IPv4 tail") {
  for (const char* text :
       {"::10/::ffff:ffff:ffff:ffff", "::1:10/::ffff:ffff", "::a/::ffff:ffff:ffff",
        "2001:db8:0:7::/ffff:ffff:0:ff::", "::/8000::", "1:0:0:2::/ffff::ffff:0:0:0:0",
        "::1:0:2:3/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    INFO(text);
    const MaskedAddress read = masked(text);
    CHECK(MaskedAddress::parse(read.text()).value() == read);
  }
  CHECK(masked("::1:10/::ffff:ffff").text() == "::1:10/::ffff:ffff");
  CHECK(masked("0:0:0:0:0:0:0:0010/::ffff:ffff:ffff").text() == "::10/::ffff:ffff:ffff");
}

TEST_CASE("what is no address and mask says what was probably meant") {
  CHECK(why_not("2001:db8::10/::ffff:ffff:ffff:ffff") ==
        "'2001:db8::10/::ffff:ffff:ffff:ffff' has bits outside its mask, did you mean "
        "'::10/::ffff:ffff:ffff:ffff'?");
  CHECK(why_not("192.0.2.0/255.255.255.0") ==
        "'192.0.2.0/255.255.255.0' has a netmask of IPv4, did you mean '192.0.2.0/24'?");
  CHECK(why_not("::10/::") == "'::10/::' has a mask without a bit: every IPv6 address is '::/0'");
  CHECK(why_not("::10/64") ==
        "'::10/64' is no IPv6 address and mask (like ::10/::ffff:ffff:ffff:ffff)");
  CHECK_FALSE(MaskedAddress::parse("::10").ok());
  CHECK_FALSE(MaskedAddress::parse("").ok());
  CHECK_FALSE(MaskedAddress::parse("fe80::10%eth0/::ffff").ok());
}

TEST_CASE("a prefix and an address with a mask are told apart by what follows the '/'") {
  CHECK(MaskedAddress::is_meant("::10/::ffff:ffff:ffff:ffff"));
  CHECK(MaskedAddress::is_meant("192.0.2.0/255.255.255.0"));
  CHECK_FALSE(MaskedAddress::is_meant("2001:db8::/32"));
  CHECK_FALSE(MaskedAddress::is_meant("2001:db8::1"));
}

TEST_CASE("a prefix is an address with a mask, too") {
  const MaskedAddress network = MaskedAddress::of(Prefix::parse("2001:db8::/33").value());
  CHECK(network.text() == "2001:db8::/ffff:ffff:8000::");
  CHECK(network.holds(at("2001:db8:7fff::1")));
  CHECK_FALSE(network.holds(at("2001:db8:8000::1")));
  CHECK(MaskedAddress::of(Prefix::parse("::/0").value()).covers(network));
  CHECK(network.covers(masked("2001:db8::10/ffff:ffff:8000::ffff")));
  CHECK_FALSE(network.covers(masked("::10/::ffff:ffff:ffff:ffff")));
  CHECK(network.meets(masked("::10/::ffff:ffff:ffff:ffff")));
}

TEST_CASE("covering and meeting agree with trying addresses") {
  std::mt19937 engine(7);
  const auto random = [&] { return static_cast<unsigned>(engine()); };
  // Few bits, so that all addresses of them can be tried.
  const auto bits = [&] { return random() % 16; };
  const auto make = [](unsigned value, unsigned mask) {
    return masked("::" + std::to_string(value) + "/::" + std::to_string(mask));
  };
  const auto number = [](unsigned four) {  // each bit a digit of its own
    unsigned out = 0;
    for (unsigned bit = 8; bit > 0; bit /= 2) {
      out = out * 10 + ((four & bit) != 0 ? 1 : 0);
    }
    return out;
  };
  for (int round = 0; round < 500; ++round) {
    const unsigned mask_a = 1 + random() % 15;
    const unsigned mask_b = 1 + random() % 15;
    const MaskedAddress a = make(number(bits() & mask_a), number(mask_a));
    const MaskedAddress b = make(number(bits() & mask_b), number(mask_b));
    bool covers = true;
    bool meets = false;
    for (unsigned four = 0; four < 16; ++four) {
      const Address tried = at("2001:db8::" + std::to_string(number(four)));
      covers = covers && (a.holds(tried) || !b.holds(tried));
      meets = meets || (a.holds(tried) && b.holds(tried));
    }
    INFO(a.text() << " and " << b.text());
    CHECK(a.covers(b) == covers);
    CHECK(a.meets(b) == meets);
  }
}

}  // namespace
}  // namespace weir
