#include "admin/request_budget.h"

#include <string>

#include "catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

Address address(const std::string& text) { return Address::parse(text).value(); }

const Instant start = Instant{} + 1h;

TEST_CASE("an address may ask for so much at once, and then for so much a second") {
  RequestBudget budget;
  const Address one = address("192.0.2.1");
  int taken = 0;
  while (budget.take(one, 1, start)) {
    ++taken;
  }
  CHECK(taken == RequestBudget::burst);
  CHECK_FALSE(budget.take(one, 1, start + 10ms));
  CHECK(budget.take(one, 1, start + 50ms));
  CHECK_FALSE(budget.take(one, 1, start + 60ms));
  CHECK(budget.take(one, RequestBudget::per_second, start + 1050ms));
}

TEST_CASE("what costs more than there ever is costs all there is") {
  RequestBudget budget;
  const Address one = address("192.0.2.1");
  CHECK(budget.take(one, 1'000'000, start));
  CHECK_FALSE(budget.take(one, 1, start));
  CHECK_FALSE(budget.take(one, 1'000'000, start + 9s));
  CHECK(budget.take(one, 1'000'000, start + 10s));
}

TEST_CASE("addresses do not pay for each other, those of one /64 do") {
  RequestBudget budget;
  CHECK(budget.take(address("192.0.2.1"), RequestBudget::burst, start));
  CHECK(budget.take(address("192.0.2.2"), RequestBudget::burst, start));
  CHECK(budget.take(address("fd00::1"), RequestBudget::burst, start));
  CHECK_FALSE(budget.take(address("fd00::ffff"), 1, start));
  CHECK(budget.take(address("fd00:0:0:1::1"), 1, start));
}

TEST_CASE("addresses beyond those that are told apart share one budget until there is room") {
  RequestBudget budget;
  for (std::uint32_t i = 0; i < RequestBudget::max_addresses; ++i) {
    REQUIRE(budget.take(Address::v4(0x0a000000U + i), 10, start));
  }
  CHECK(budget.take(address("192.0.2.1"), RequestBudget::burst, start));
  CHECK_FALSE(budget.take(address("192.0.2.2"), 1, start));
  CHECK(budget.take(address("10.0.0.1"), 1, start));
  CHECK(budget.take(address("192.0.2.2"), RequestBudget::burst, start + 2s));
  CHECK(budget.take(address("192.0.2.3"), RequestBudget::burst, start + 2s));
}

}  // namespace
}  // namespace weir
