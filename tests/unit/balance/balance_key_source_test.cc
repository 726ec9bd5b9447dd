// What a choice depends on.
#include "balance/balance_key_source.h"

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

TEST_CASE("source-hash hashes the client's address alone") {
  const BalanceKeySource keys("source-hash");
  const auto first = keys.key_of(flow("198.51.100.2:1000"));
  CHECK(keys.key_of(flow("198.51.100.2:2000", "203.0.113.9:443")).hash == first.hash);
  CHECK(keys.key_of(flow("198.51.100.3:1000")).hash != first.hash);
  CHECK(first.random == 0);
}

TEST_CASE("flow-hash hashes both ends") {
  const BalanceKeySource keys("flow-hash");
  const auto first = keys.key_of(flow("198.51.100.2:1000"));
  CHECK(keys.key_of(flow("198.51.100.2:1000")).hash == first.hash);
  CHECK(keys.key_of(flow("198.51.100.2:1001")).hash != first.hash);
  CHECK(keys.key_of(flow("198.51.100.2:1000", "203.0.113.5:81")).hash != first.hash);
  CHECK(first.random == 0);
}

TEST_CASE("every other policy has a random number for each flow, and no hash") {
  for (const auto* word : {"round-robin", "least-flows", "random-two", "failover"}) {
    const BalanceKeySource keys(word);
    std::set<std::uint64_t> numbers;
    for (int i = 0; i < 100; ++i) {
      const auto key = keys.key_of(flow("198.51.100.2:1000"));
      CHECK(key.hash == 0);
      numbers.insert(key.random);
    }
    CHECK(numbers.size() == 100);
  }
}

}  // namespace
}  // namespace weir
