#include "base/batched_count.h"

#include <array>
#include <atomic>
#include <thread>

#include "catch.h"

namespace weir {
namespace {

// What all have published, and how often it was written.
struct WrittenTotal {
  PublishedCount published;
  int writes = 0;

  [[nodiscard]] std::uint64_t get() const { return published.get(); }
  [[nodiscard]] bool try_add(std::uint64_t more, std::uint64_t limit) {
    ++writes;
    return published.try_add(more, limit);
  }
  void add(std::uint64_t more) {
    ++writes;
    published.add(more);
  }
  void subtract(std::uint64_t less) {
    ++writes;
    published.subtract(less);
  }
};

}  // namespace

TEST_CASE("a batch is an eighth of the limit for all workers, 64 at most and one at least") {
  CHECK(batch_of(10, 1) == 1);
  CHECK(batch_of(10, 4) == 1);
  CHECK(batch_of(80, 2) == 5);
  CHECK(batch_of(9'600, 2) == 64);
  CHECK(batch_of(0, 2) == 64);
}

TEST_CASE("what comes and goes within a batch writes nothing shared") {
  WrittenTotal total;
  BatchedCount mine;
  for (int i = 0; i < 1'000; ++i) {
    for (int flow = 0; flow < 15; ++flow) {
      REQUIRE(try_add(mine, total, 1'000, 16));
    }
    for (int flow = 0; flow < 15; ++flow) {
      subtract(mine, total, 16);
    }
  }
  CHECK(total.writes == 0);
}

TEST_CASE("what swings around any count writes once in a batch at most") {
  WrittenTotal total;
  BatchedCount mine;
  for (int i = 0; i < 500; ++i) {
    REQUIRE(try_add(mine, total, 1'000, 16));
  }
  CHECK(total.writes == 500 / 16);
  for (int i = 0; i < 1'000; ++i) {
    REQUIRE(try_add(mine, total, 1'000, 16));
    subtract(mine, total, 16);
  }
  CHECK(total.writes <= 500 / 16 + 1);
}

TEST_CASE("what a worker has published is never more than it has, and less than a batch behind") {
  PublishedCount total;
  BatchedCount mine;
  std::uint64_t seed = 7;
  for (int i = 0; i < 20'000; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    if ((seed >> 60U) < 9 || mine.own.get() == 0) {
      REQUIRE(try_add(mine, total, 1'000'000, 16));
    } else {
      subtract(mine, total, 16);
    }
    REQUIRE(total.get() == mine.published);
    REQUIRE(mine.published <= mine.own.get());
    REQUIRE(mine.own.get() < mine.published + 16);
  }
  while (mine.own.get() > 0) {
    subtract(mine, total, 16);
  }
  CHECK(total.get() == 0);
}

TEST_CASE("workers that borrow at once exceed the limit by a batch each at most, and end at none") {
  constexpr std::uint64_t limit = 400;
  constexpr std::uint64_t workers = 2;
  const std::uint64_t batch = batch_of(limit, workers);
  REQUIRE(batch == 25);
  PublishedCount total;
  std::array<BatchedCount, workers> parts;
  std::atomic<std::uint64_t> live{0};
  std::atomic<std::uint64_t> max{0};
  std::atomic<std::uint64_t> refused{0};
  const auto work = [&](BatchedCount& mine) {
    std::uint64_t seed = 7;
    for (int i = 0; i < 50'000; ++i) {
      seed = seed * 6364136223846793005U + 1442695040888963407U;
      if ((seed >> 60U) < 10) {
        if (try_add(mine, total, limit, batch)) {
          const std::uint64_t now = live.fetch_add(1) + 1;
          for (auto seen = max.load(); seen < now && !max.compare_exchange_weak(seen, now);) {
          }
        } else {
          ++refused;
        }
      } else if (mine.own.get() > 0) {
        live.fetch_sub(1);
        subtract(mine, total, batch);
      }
    }
    while (mine.own.get() > 0) {
      live.fetch_sub(1);
      subtract(mine, total, batch);
    }
  };
  std::thread other([&]() { work(parts[1]); });
  work(parts[0]);
  other.join();
  CHECK(refused > 0);
  CHECK(max >= limit / 2);
  CHECK(max <= limit + workers * batch);
  CHECK(total.get() == 0);
}

TEST_CASE("a limit that is lowered is held, and what is above it ends as it would") {
  PublishedCount total;
  BatchedCount mine;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(try_add(mine, total, 1'000, 64));
  }
  CHECK_FALSE(try_add(mine, total, 10, 1));
  CHECK(total.get() == 100);
  for (int i = 0; i < 91; ++i) {
    subtract(mine, total, 1);
  }
  CHECK(try_add(mine, total, 10, 1));
  CHECK_FALSE(try_add(mine, total, 10, 1));
}

}  // namespace weir
