// Lists that live in files of their own, where `@` means no set.
#include "catch.h"
#include "config/made_up_files.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

std::string with(const std::string& exclude) {
  return "[firewall]\nexclude = " + exclude + "\n[rule a]\non = tcp/80\nuse = direct\n";
}

TEST_CASE("a list file has one item a line, with comments and blank lines") {
  const auto loaded =
      load_text(with("192.0.2.1, @l"),
                {{"l", "\xEF\xBB\xBF# people\r\n192.0.2.2\r\n\r\n  192.0.2.4/30 ; four\n"}});
  REQUIRE(loaded.configuration);
  const auto& exclude = loaded.configuration->firewall.exclude;
  REQUIRE(exclude.size() == 3);
  CHECK(exclude[1].text() == "192.0.2.2");
  CHECK(exclude[2].text() == "192.0.2.4/30");
}

TEST_CASE("a finding in a list file names its line there") {
  CHECK(findings_of(with("@l") + "max-flows = 0",
                    {{"l", "192.0.2.2\n192.0.2.300\n1.1.1.1, 2.2.2.2\n@m\n\xFF\n"}}) ==
        Lines{"weir.ini:6: error: 'max-flows': '0' is out of bounds (1 to 4294967295)",
              "l:2: error: 'exclude': '192.0.2.300' is neither an address nor a prefix "
              "(ADDRESS/LENGTH)",
              "l:3: error: a list file has one item a line, without commas",
              "l:4: error: a list file cannot name another one",
              "l:5: error: the line is not UTF-8: byte 1 is 0xFF"});
}

TEST_CASE("a list file must be there and list something") {
  CHECK(
      findings_of(with("@l")) ==
      Lines{"weir.ini:2: error: cannot read 'l': there is no such file; here '@' names a file, and "
            "sets are for the rules' clients and destinations"});
  CHECK(findings_of(with("@")) == Lines{"weir.ini:2: error: '@' needs the name of a file"});
  CHECK(findings_of(with("@l"), {{"l", "; none yet\n"}}) ==
        Lines{"weir.ini:2: error: 'l' lists nothing"});
}

}  // namespace
}  // namespace weir
