#include "base/histogram.h"

#include "catch.h"

namespace weir {
namespace {

Histogram::Sum sum_of(std::initializer_list<std::int64_t> times) {
  Histogram histogram;
  for (const auto us : times) {
    histogram.add(us);
  }
  Histogram::Sum sum;
  histogram.add_to(sum);
  return sum;
}

TEST_CASE("a time is counted in the first bucket whose bound it does not exceed") {
  for (std::size_t bucket = 0; bucket < Histogram::bounded; ++bucket) {
    INFO(bucket);
    CHECK(sum_of({Histogram::bound_us(bucket)}).buckets[bucket] == 1);
    CHECK(sum_of({Histogram::bound_us(bucket) + 1}).buckets[bucket + 1] == 1);
  }
}

TEST_CASE("what took for ever is counted, too, and a clock that went back is no time") {
  const auto sum = sum_of({3'600'000'000, -5});
  CHECK(sum.buckets[Histogram::bounded] == 1);
  CHECK(sum.buckets[0] == 1);
  CHECK(sum.us == 3'600'000'000);
  CHECK(sum.count() == 2);
}

TEST_CASE("histograms add up") {
  Histogram one;
  Histogram other;
  one.add(50);
  other.add(60);
  other.add(1'000'000);
  Histogram::Sum sum;
  one.add_to(sum);
  other.add_to(sum);
  CHECK(sum.buckets[0] == 2);
  CHECK(sum.count() == 3);
  CHECK(sum.us == 1'000'110);
}

}  // namespace
}  // namespace weir
