#include "base/token_bucket.h"

#include "catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

int take_all(TokenBucket& bucket, Instant now) {
  int count = 0;
  while (bucket.take(now)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("a bucket is a burst first, then what time brings, and never more than the burst") {
  TokenBucket bucket(10, 100);
  const Instant start{1h};
  CHECK(take_all(bucket, start) == 10);
  CHECK(take_all(bucket, start + 9999us) == 0);
  CHECK(take_all(bucket, start + 10ms) == 1);
  CHECK(take_all(bucket, start + 60ms) == 5);
  CHECK(take_all(bucket, start + 24h) == 10);
}

TEST_CASE("many calls close together lose no part of what time brings") {
  TokenBucket bucket(1, 1'000);
  const Instant start{1h};
  CHECK(take_all(bucket, start) == 1);
  int count = 0;
  for (int us = 1; us <= 1'000'000; us += 7) {
    count += take_all(bucket, start + std::chrono::microseconds(us));
  }
  CHECK(count == 999);
}

}  // namespace weir
