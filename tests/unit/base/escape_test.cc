#include "base/escape.h"

#include <random>

#include <nlohmann/json.hpp>

#include "catch.h"

namespace weir {
namespace {

std::string value(std::string_view text) {
  std::string out;
  append_value(out, text);
  return out;
}

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  append_printable(out, text);
  return out;
}

TEST_CASE("a plain word is written bare, everything else in quotes") {
  CHECK(value("www.example.net") == "www.example.net");
  CHECK(value("") == "\"\"");
  CHECK(value("two words") == "\"two words\"");
  CHECK(value("a=b") == "\"a=b\"");
  CHECK(value("say \"hi\"\\") == R"("say \"hi\"\\")");
}

TEST_CASE("text that prints stays readable in every script") {
  CHECK(value("m\xc3\xbcnchen.example") == "\"m\xc3\xbcnchen.example\"");
  CHECK(json("\xf0\x9f\x8c\x8a") == "\"\xf0\x9f\x8c\x8a\"");
  CHECK(printable("it's \"\xe6\x9d\xb1\xe4\xba\xac\"") == "it's \"\xe6\x9d\xb1\xe4\xba\xac\"");
}

TEST_CASE("what is not UTF-8 is shown as bytes, and in JSON as U+FFFD") {
  // A lone continuation, an overlong slash, a surrogate, beyond U+10FFFF, a sequence cut short.
  CHECK(printable("\x80") == R"(\x80)");
  CHECK(printable("\xc0\xaf") == R"(\xc0\xaf)");
  CHECK(printable("\xed\xa0\x80") == R"(\xed\xa0\x80)");
  CHECK(printable("\xf4\x90\x80\x80") == R"(\xf4\x90\x80\x80)");
  CHECK(printable("a\xe2\x82") == R"(a\xe2\x82)");
  CHECK(json("\xff") == R"("\ufffd")");
}

TEST_CASE("a NUL does not end the text") {
  CHECK(printable(std::string_view("a\0b", 3)) == R"(a\x00b)");
  CHECK(json(std::string_view("a\0b", 3)) == R"("a\u0000b")");
}

TEST_CASE("a JSON string with any bytes parses, and holds no control characters") {
  std::mt19937 random(7);  // NOLINT: the same bytes every time
  std::uniform_int_distribution<int> byte(0, 255);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      text += static_cast<char>(byte(random));
    }
    const auto written = json(text);
    REQUIRE_NOTHROW(nlohmann::json::parse(written));
    for (const char c : written + printable(text) + value(text)) {
      REQUIRE(static_cast<unsigned char>(c) >= 0x20);
      REQUIRE(c != 0x7f);
    }
  }
}

}  // namespace
}  // namespace weir
