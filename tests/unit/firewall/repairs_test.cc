#include "firewall/repairs.h"

#include "catch.h"

namespace weir::firewall {

namespace {

Instant at(std::chrono::seconds seconds) { return Instant(seconds); }
using std::chrono::seconds;

}  // namespace

TEST_CASE("five repairs within a minute are the last ones, until the operator has looked") {
  Repairs repairs;
  for (int i = 0; i < 5; ++i) {
    CHECK(repairs.may_repair(at(seconds(100 + i))));
  }
  CHECK_FALSE(repairs.may_repair(at(seconds(105))));
  CHECK_FALSE(repairs.may_repair(at(seconds(1000))));
  CHECK(repairs.total() == 5);
  repairs.begin_anew();
  CHECK(repairs.may_repair(at(seconds(1001))));
  CHECK(repairs.total() == 6);
}

TEST_CASE("a repair that failed is not held against those that come after it") {
  Repairs repairs;
  for (int i = 0; i < 100; ++i) {
    CHECK(repairs.may_repair(at(seconds(100 + i))));
    repairs.came_to_nothing();
  }
  CHECK(repairs.total() == 0);
}

TEST_CASE("repairs now and then go on for ever") {
  Repairs repairs;
  for (int i = 0; i < 100; ++i) {
    CHECK(repairs.may_repair(at(seconds(16 * i))));
  }
}

}  // namespace weir::firewall
