// What a choice hangs on.
#include "balance/draw_source.h"

#include <set>

#include "catch.h"

namespace weir {
namespace {

Flow flow(const std::string& client, const std::string& destination = "203.0.113.5:80") {
  Flow out;
  out.client = Endpoint::parse(client).value();
  out.destination = Endpoint::parse(destination).value();
  return out;
}

TEST_CASE("source-hash draws by the client's address alone") {
  const DrawSource draws("source-hash");
  const auto first = draws.draw(flow("198.51.100.2:1000"));
  CHECK(draws.draw(flow("198.51.100.2:2000", "203.0.113.9:443")).key == first.key);
  CHECK(draws.draw(flow("198.51.100.3:1000")).key != first.key);
  CHECK(first.random == 0);
}

TEST_CASE("flow-hash draws by both ends") {
  const DrawSource draws("flow-hash");
  const auto first = draws.draw(flow("198.51.100.2:1000"));
  CHECK(draws.draw(flow("198.51.100.2:1000")).key == first.key);
  CHECK(draws.draw(flow("198.51.100.2:1001")).key != first.key);
  CHECK(draws.draw(flow("198.51.100.2:1000", "203.0.113.5:81")).key != first.key);
  CHECK(first.random == 0);
}

TEST_CASE("every other way draws a lot of its own for each flow, and no key") {
  for (const auto* word : {"round-robin", "least-flows", "random-two", "failover"}) {
    const DrawSource draws(word);
    std::set<std::uint64_t> lots;
    for (int i = 0; i < 100; ++i) {
      const auto draw = draws.draw(flow("198.51.100.2:1000"));
      CHECK(draw.key == 0);
      lots.insert(draw.random);
    }
    CHECK(lots.size() == 100);
  }
}

}  // namespace
}  // namespace weir
