#include "base/lot.h"

#include <array>
#include <atomic>
#include <thread>

#include "catch.h"

namespace weir {
namespace {

// What all have told, and how often it was written.
struct WrittenTotal {
  ToldCount told;
  int writes = 0;

  [[nodiscard]] std::uint64_t get() const { return told.get(); }
  [[nodiscard]] bool try_add(std::uint64_t more, std::uint64_t limit) {
    ++writes;
    return told.try_add(more, limit);
  }
  void add(std::uint64_t more) {
    ++writes;
    told.add(more);
  }
  void subtract(std::uint64_t less) {
    ++writes;
    told.subtract(less);
  }
};

}  // namespace

TEST_CASE("a lot is an eighth of the limit for all workers, 64 at most and one at least") {
  CHECK(lot_of(10, 1) == 1);
  CHECK(lot_of(10, 4) == 1);
  CHECK(lot_of(80, 2) == 5);
  CHECK(lot_of(9'600, 2) == 64);
  CHECK(lot_of(0, 2) == 64);
}

TEST_CASE("what comes and goes within a lot writes nothing shared") {
  WrittenTotal total;
  CountInLots mine;
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

TEST_CASE("what swings around any count writes once in a lot at most") {
  WrittenTotal total;
  CountInLots mine;
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

TEST_CASE("what a worker has told is never more than it has, and less than a lot behind") {
  ToldCount total;
  CountInLots mine;
  std::uint64_t seed = 7;
  for (int i = 0; i < 20'000; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    if ((seed >> 60U) < 9 || mine.own.get() == 0) {
      REQUIRE(try_add(mine, total, 1'000'000, 16));
    } else {
      subtract(mine, total, 16);
    }
    REQUIRE(total.get() == mine.told);
    REQUIRE(mine.told <= mine.own.get());
    REQUIRE(mine.own.get() < mine.told + 16);
  }
  while (mine.own.get() > 0) {
    subtract(mine, total, 16);
  }
  CHECK(total.get() == 0);
}

TEST_CASE("workers that borrow at once exceed the limit by a lot each at most, and end at none") {
  constexpr std::uint64_t limit = 400;
  constexpr std::uint64_t workers = 2;
  const std::uint64_t lot = lot_of(limit, workers);
  REQUIRE(lot == 25);
  ToldCount total;
  std::array<CountInLots, workers> parts;
  std::atomic<std::uint64_t> live{0};
  std::atomic<std::uint64_t> most{0};
  std::atomic<std::uint64_t> refused{0};
  const auto work = [&](CountInLots& mine) {
    std::uint64_t seed = 7;
    for (int i = 0; i < 50'000; ++i) {
      seed = seed * 6364136223846793005U + 1442695040888963407U;
      if ((seed >> 60U) < 10) {
        if (try_add(mine, total, limit, lot)) {
          const std::uint64_t now = live.fetch_add(1) + 1;
          for (auto seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {
          }
        } else {
          ++refused;
        }
      } else if (mine.own.get() > 0) {
        live.fetch_sub(1);
        subtract(mine, total, lot);
      }
    }
    while (mine.own.get() > 0) {
      live.fetch_sub(1);
      subtract(mine, total, lot);
    }
  };
  std::thread other([&]() { work(parts[1]); });
  work(parts[0]);
  other.join();
  CHECK(refused > 0);
  CHECK(most >= limit / 2);
  CHECK(most <= limit + workers * lot);
  CHECK(total.get() == 0);
}

TEST_CASE("a limit that is lowered is held, and what is above it ends as it would") {
  ToldCount total;
  CountInLots mine;
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
