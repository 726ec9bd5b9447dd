#include "cli/table.h"

#include "catch.h"

namespace weir {
namespace {

TEST_CASE("columns line up, numbers to the right, and nothing trails") {
  Table table({{"NAME"}, {"N", Table::Align::right}, {"LAST"}});
  table.row({"a", "1", "x"});
  table.row({"longer", "1000", ""});
  CHECK(table.text() ==
        "NAME       N  LAST\n"
        "a          1  x\n"
        "longer  1000  -\n");
}

TEST_CASE("characters count, not bytes") {
  Table table({{"NAME"}, {"X"}});
  table.row({"m\xc3\xbcn", "1"});
  CHECK(table.text() == "NAME  X\nm\xc3\xbcn   1\n");
}

TEST_CASE("a cell cannot move the cursor") {
  Table table({{"X"}});
  table.row({"\x1b[2J\n"});
  CHECK(table.text() == "X\n\\x1b[2J\\n\n");
}

}  // namespace
}  // namespace weir
