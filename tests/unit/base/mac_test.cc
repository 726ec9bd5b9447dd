#include "base/mac.h"

#include "catch.h"

namespace weir {
namespace {

std::string text_of(const std::string& text) { return Mac::parse(text).value().text(); }
std::string why_not(const std::string& text) { return Mac::parse_device(text).error().text(); }

TEST_CASE("a MAC address is read as people and tools write it, and printed in one form") {
  CHECK(text_of("02:00:5e:10:00:01") == "02:00:5e:10:00:01");
  CHECK(text_of("02-00-5E-10-00-AF") == "02:00:5e:10:00:af");
  CHECK(text_of("2:0:5e:10:0:1") == "02:00:5e:10:00:01");
  CHECK(Mac::parse("00:00:5e:00:53:01").value() ==
        Mac(Mac::Bytes{0x00, 0x00, 0x5e, 0x00, 0x53, 0x01}));
  CHECK(Mac{}.is_zero());
  CHECK_FALSE(Mac::parse("00:00:00:00:00:01").value().is_zero());
}

TEST_CASE("what is no MAC address says what was probably meant") {
  CHECK(why_not("02005e100001") ==
        "'02005e100001' is no MAC address, did you mean '02:00:5e:10:00:01'?");
  CHECK(why_not("0200.5e10.0001") ==
        "'0200.5e10.0001' is no MAC address, did you mean '02:00:5e:10:00:01'?");
  CHECK(why_not("tv") == "'tv' is no MAC address (six bytes, like 02:00:5e:10:00:01)");
  for (const char* text : {"", ":", "02:00:5e:10:00", "02:00:5e:10:00:01:", "02:00:5e:10:00:01:02",
                           "02:00:5e:10:00:001", "02:00:5e:10::01", "02:00-5e:10:00:01",
                           "0x2:00:5e:10:00:01", "02:00:5e:10:00: 1", "02:00:5e:10:00:-1"}) {
    CHECK_FALSE(Mac::parse(text).ok());
  }
}

TEST_CASE("zeros and a group's address are no device's") {
  CHECK(why_not("00:00:00:00:00:00") ==
        "'00:00:00:00:00:00' is no device's MAC address: it is all zeros");
  CHECK(why_not("ff:ff:ff:ff:ff:ff") ==
        "'ff:ff:ff:ff:ff:ff' is no device's MAC address but a group's");
  CHECK(Mac::parse("01:00:5e:00:00:01").value().is_group());
  CHECK(Mac::parse_device("02:00:5e:10:00:01").ok());
}

TEST_CASE("a MAC that a system made up is told from a manufacturer's") {
  CHECK(Mac::parse("02:00:5e:10:00:01").value().is_local());
  CHECK(Mac::parse("da:a1:19:00:53:01").value().is_local());
  CHECK_FALSE(Mac::parse("00:00:5e:00:53:01").value().is_local());
}

}  // namespace
}  // namespace weir
