// Lists that live in files of their own.
#include "catch.h"
#include "config/made_up_files.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

std::string rule_with(const std::string& line) {
  return "[rule a]\non = tcp/80\nuse = direct\n" + line + "\n";
}

TEST_CASE("a list file has one item a line, with comments and blank lines") {
  const auto loaded = load_text(
      rule_with("client = 192.0.2.1, @l, !192.0.2.9"),
      {{"l", "\xEF\xBB\xBF# people\r\n192.0.2.2\r\n\r\n  192.0.2.4/30 ; four\n!192.0.2.5"}});
  REQUIRE(loaded.configuration);
  const auto& client = loaded.configuration->rules[0].client();
  REQUIRE(client.include.size() == 3);
  CHECK(client.include[1].text() == "192.0.2.2");
  CHECK(client.include[2].text() == "192.0.2.4/30");
  REQUIRE(client.exclude.size() == 2);
  CHECK(client.exclude[0].text() == "192.0.2.5");
}

TEST_CASE("a list file can be negated as a whole") {
  const auto loaded = load_text(rule_with("client = !@l"), {{"l", "192.0.2.2\n192.0.2.3\n"}});
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->rules[0].client().include.empty());
  CHECK(loaded.configuration->rules[0].client().exclude.size() == 2);
}

TEST_CASE("a finding in a list file names its line there") {
  CHECK(findings_of(rule_with("client = @l\nmax-flows = 0"),
                    {{"l", "192.0.2.2\n192.0.2.300\n1.1.1.1, 2.2.2.2\n@m\n\xFF\n"}}) ==
        Lines{"weir.ini:5: error: 'max-flows': '0' is out of bounds (1 to 4294967295)",
              "l:2: error: 'client': '192.0.2.300' is neither an address nor a prefix "
              "(ADDRESS/LENGTH)",
              "l:3: error: a list file has one item a line, without commas",
              "l:4: error: a list file cannot name another one",
              "l:5: error: the line is not UTF-8: byte 1 is 0xFF"});
}

TEST_CASE("a list file must be there and, unless negated, list something") {
  CHECK(findings_of(rule_with("client = @l")) ==
        Lines{"weir.ini:4: error: cannot read 'l': there is no such file"});
  CHECK(findings_of(rule_with("client = @")) ==
        Lines{"weir.ini:4: error: '@' needs the name of a file"});
  CHECK(findings_of(rule_with("client = @l"), {{"l", "; none yet\n"}}) ==
        Lines{"weir.ini:4: error: 'l' lists nothing"});
  CHECK(findings_of(rule_with("client = !@l"), {{"l", ""}}).empty());
  CHECK(
      findings_of(rule_with("client = !@l"), {{"l", "!192.0.2.1"}}) ==
      Lines{
          "l:1: error: '!' before an item of a file that is named with '!@': remove one of them"});
}

}  // namespace
}  // namespace weir
