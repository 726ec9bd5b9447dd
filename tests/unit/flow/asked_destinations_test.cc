#include "flow/asked_destinations.h"

#include "catch.h"

namespace weir {
namespace {

Endpoint endpoint(const char* text) { return Endpoint::parse(text).value(); }

}  // namespace

TEST_CASE("a connection that is asked for is taken once") {
  AskedDestinations asked;
  const Endpoint there = endpoint("203.0.113.5:80");
  CHECK_FALSE(asked.take(there));
  REQUIRE(asked.ask(there));
  CHECK(asked.is_asked(there));
  CHECK_FALSE(asked.is_asked(endpoint("203.0.113.5:81")));
  CHECK_FALSE(asked.take(endpoint("[fd00::5]:80")));
  CHECK(asked.take(there));
  CHECK_FALSE(asked.is_asked(there));
  CHECK_FALSE(asked.take(there));
}

TEST_CASE("two who ask for the same are two, and what was taken is not withdrawn from the other") {
  AskedDestinations asked;
  const Endpoint there = endpoint("203.0.113.5:80");
  const auto first = asked.ask(there);
  const auto second = asked.ask(there);
  REQUIRE((first && second));
  CHECK(asked.take(there));
  asked.withdraw(*first);
  asked.withdraw(*first);
  // Which of the two was taken is not said; one at most is left.
  asked.withdraw(*second);
  CHECK_FALSE(asked.is_asked(there));
  const auto third = asked.ask(there);
  REQUIRE(third);
  asked.withdraw(*first);
  asked.withdraw(*second);
  CHECK(asked.is_asked(there));
}

TEST_CASE("datagrams are asked for until the last flow that asks has ended") {
  AskedDestinations asked;
  const Endpoint there = endpoint("203.0.113.5:53");
  asked.ask_datagrams(there);
  asked.ask_datagrams(there);
  asked.withdraw_datagrams(there);
  CHECK(asked.asks_datagrams(there));
  CHECK_FALSE(asked.is_asked(there));
  asked.withdraw_datagrams(there);
  CHECK_FALSE(asked.asks_datagrams(there));
}

TEST_CASE("more than there is room for are not known, and nothing else goes wrong") {
  AskedDestinations asked;
  const Endpoint there = endpoint("203.0.113.5:80");
  int known = 0;
  for (int i = 0; i < 1'000; ++i) {
    known += asked.ask(there) ? 1 : 0;
  }
  CHECK(known == 32);
  int taken = 0;
  while (asked.take(there)) {
    ++taken;
  }
  CHECK(taken == known);
}

}  // namespace weir
