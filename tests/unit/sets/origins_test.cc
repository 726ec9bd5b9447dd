// Which file and line an item of a set comes from.
#include "sets/origins.h"

#include "catch.h"

namespace weir {
namespace {

TEST_CASE("a line is found again in the file that it is of") {
  Origins origins;
  origins.begin("a");
  const Origin first = origins.of_line(1);
  const Origin second = origins.of_line(70'000);
  origins.begin("b");
  const Origin whole = origins.of_line(0);
  const Origin third = origins.of_line(3);
  origins.begin("a");
  const Origin again = origins.of_line(1);
  CHECK(origins.location(first) == SourceLocation{"a", 1});
  CHECK(origins.location(second) == SourceLocation{"a", 70'000});
  CHECK(origins.location(whole) == SourceLocation{"b", 0});
  CHECK(origins.location(third) == SourceLocation{"b", 3});
  CHECK(origins.location(again) == SourceLocation{"a", 1});
  CHECK(first < second);
  CHECK(third < again);
}

TEST_CASE("lines of one file may be asked for in any order") {
  Origins origins;
  origins.begin("weir.ini");
  CHECK(origins.location(origins.of_line(9)) == SourceLocation{"weir.ini", 9});
  CHECK(origins.location(origins.of_line(4)) == SourceLocation{"weir.ini", 4});
  origins.begin("next");
  CHECK(origins.location(origins.of_line(1)) == SourceLocation{"next", 1});
}

TEST_CASE("lines beyond what can be numbered share a location, and none is another file's") {
  Origins origins;
  origins.begin("a");
  CHECK(origins.location(origins.of_line(4'000'000'000)).file == "a");
  origins.begin("b");
  CHECK(origins.location(origins.of_line(4'000'000'000)).file == "b");
}

}  // namespace
}  // namespace weir
