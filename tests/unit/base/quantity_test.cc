#include "base/quantity.h"

#include "catch.h"

namespace weir {
namespace {

TEST_CASE("numbers are decimal or hexadecimal, and nothing else") {
  CHECK(parse_number("0").value() == 0);
  CHECK(parse_number("0080").value() == 80);
  CHECK(parse_number("0xFf").value() == 255);
  CHECK(parse_number("9223372036854775807").value() == INT64_MAX);
  for (const char* text : {"", " 1", "1 ", "-1", "+1", "0x", "0x-1", "1e3", "1.5", "0b1", "a"}) {
    INFO(text);
    CHECK_FALSE(parse_number(text).ok());
  }
  CHECK(parse_number("9223372036854775808").error().text() == "'9223372036854775808' is too large");
}

TEST_CASE("durations add up") {
  CHECK(parse_duration("250ms").value() == 250);
  CHECK(parse_duration("2h4m").value() == 124 * 60 * 1000);
  CHECK(parse_duration("1d2h3m4s5ms").value() == 93'784'005);
  CHECK(parse_duration("0s").value() == 0);
  for (const char* text : {"", "s", "1", "1S", "1s1h", "1s1s", "1s ", "-1s", "1m1"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text).ok());
  }
}

TEST_CASE("sizes are powers of two, rates powers of ten") {
  CHECK(parse_size("64KiB").value() == 65536);
  CHECK(parse_size("1GiB").value() == 1 << 30);
  CHECK(parse_size("7B").value() == 7);
  CHECK(parse_rate("10Mbit").value() == 10'000'000);
  CHECK(parse_rate("56Kbit").value() == 56'000);
  for (const char* text : {"64", "64kB", "64K", "1KiB1B", "KiB"}) {
    INFO(text);
    CHECK_FALSE(parse_size(text).ok());
  }
  CHECK_FALSE(parse_rate("10Mb").ok());
}

TEST_CASE("what overflows is too large, not small again") {
  for (const char* text : {"9223372036854775807d", "106751991168d", "99999999999999999999ms"}) {
    INFO(text);
    CHECK(parse_duration(text).error().text() == "'" + std::string(text) + "' is too large");
  }
  CHECK_FALSE(parse_size("8589934592GiB").ok());
}

TEST_CASE("quantities are written as they are read") {
  for (const char* text : {"1ms", "30s", "2h4m", "30d", "0s", "1m1ms"}) {
    CHECK(duration_text(parse_duration(text).value()) == text);
  }
  for (const char* text : {"4KiB", "16MiB", "1025B", "0B"}) {
    CHECK(size_text(parse_size(text).value()) == text);
  }
  CHECK(rate_text(1'500'000) == "1500Kbit");
}

}  // namespace
}  // namespace weir
