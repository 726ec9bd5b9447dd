#include "base/prefix.h"

#include "catch.h"

namespace weir {
namespace {

Address address(const char* text) { return Address::parse(text).value(); }
Prefix prefix(const char* text) { return Prefix::parse(text).value(); }

TEST_CASE("a prefix is written as it is read") {
  for (const char* text : {"192.0.2.0/24", "0.0.0.0/0", "192.0.2.1", "2001:db8::/32", "::/0",
                           "2001:db8::1", "10.0.0.0/7", "2001:db8:0:0:8000::/65"}) {
    CHECK(prefix(text).text() == text);
  }
  CHECK(prefix("192.0.2.1/32").text() == "192.0.2.1");
}

TEST_CASE("host bits that are set are an error that says which prefix was meant") {
  CHECK(Prefix::parse("192.0.2.77/26").error().text() ==
        "'192.0.2.77/26' has host bits set, did you mean '192.0.2.64/26'?");
  CHECK(Prefix::parse("2001:db8::1/64").error().text() ==
        "'2001:db8::1/64' has host bits set, did you mean '2001:db8::/64'?");
}

TEST_CASE("what is no prefix is refused") {
  for (const char* text : {"", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1",
                           "192.0.2/24", "192.0.2.0/24/24", "2001:db8::/129", "fe80::%lo/64",
                           "::ffff:1.2.3.0/120", "192.0.2.0/ 24", "example.net/24"}) {
    INFO(text);
    CHECK_FALSE(Prefix::parse(text).ok());
  }
}

TEST_CASE("a prefix has the addresses of its own family and no others") {
  CHECK(prefix("192.0.2.64/26").contains(address("192.0.2.127")));
  CHECK_FALSE(prefix("192.0.2.64/26").contains(address("192.0.2.128")));
  CHECK(prefix("0.0.0.0/0").contains(address("255.255.255.255")));
  CHECK_FALSE(prefix("0.0.0.0/0").contains(address("::1")));
  CHECK_FALSE(prefix("::/0").contains(address("192.0.2.1")));
  CHECK(prefix("::/0").contains(address("ffff::1")));
  CHECK(prefix("2001:db8::/33").contains(address("2001:db8:7fff::")));
  CHECK_FALSE(prefix("2001:db8::/33").contains(address("2001:db8:8000::")));
}

TEST_CASE("a prefix has the longer prefixes below it") {
  CHECK(prefix("10.0.0.0/8").contains(prefix("10.1.0.0/16")));
  CHECK(prefix("10.0.0.0/8").contains(prefix("10.0.0.0/8")));
  CHECK_FALSE(prefix("10.1.0.0/16").contains(prefix("10.0.0.0/8")));
  CHECK_FALSE(prefix("0.0.0.0/0").contains(prefix("::/0")));
}

}  // namespace
}  // namespace weir
