#include "base/connection_tracking.h"

#include "catch.h"

namespace weir {

TEST_CASE("what every processor counted of the connection tracking table is added up") {
  ConnectionTracking table;
  add_statistics(
      table,
      "entries  clashres found new invalid ignore delete insert insert_failed drop "
      "early_drop\n"
      "00000009  00000000 00000000 00000000 00000001 00000000 00000000 00000000 00000002 "
      "0000000a 00000000\n"
      "00000009  00000000 00000000 00000000 00000001 00000000 00000000 00000000 00000001 "
      "00000010 00000000\n");
  CHECK(table.dropped == 26);
  CHECK(table.insert_failed == 3);
}

TEST_CASE("statistics of a kernel that counts less are no trouble") {
  ConnectionTracking table;
  add_statistics(table, "");
  add_statistics(table, "entries found\n00000009\n");
  CHECK(table.dropped == 0);
  CHECK(table.insert_failed == 0);
}

}  // namespace weir
