#include "base/shared_counts.h"

#include <atomic>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

void in_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  std::atomic<int> waiting{count};
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i]() {
      --waiting;
      while (waiting.load() != 0) {  // all start together
        std::this_thread::yield();
      }
      work(i);
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
}

// Keys whose places in a table of up to 2^24 words are all the same.
std::uint64_t in_one_slot(std::uint64_t i) { return (i + 1) << 24U | 5U; }

}  // namespace

TEST_CASE("a count goes up to its limit and not beyond") {
  SharedCounts counts(100);
  const std::uint64_t key = 0x123456789abcdefU;
  for (int i = 0; i < 3; ++i) {
    CHECK(counts.try_add(key, 3));
  }
  CHECK_FALSE(counts.try_add(key, 3));
  CHECK_FALSE(counts.try_add(key, 2));
  CHECK(counts.count(key) == 3);
  CHECK(counts.try_add(key, 4));
  CHECK(counts.count(key) == 4);
  counts.subtract(key);
  CHECK(counts.count(key) == 3);
  CHECK(counts.try_add(key));
  CHECK(counts.count(key) == 4);
}

TEST_CASE("a limit of none admits no flow") {
  SharedCounts counts(100);
  CHECK_FALSE(counts.try_add(42, 0));
  CHECK(counts.count(42) == 0);
}

TEST_CASE("a key that is not there counts nothing and subtracting it does no harm") {
  SharedCounts counts(100);
  CHECK(counts.count(7) == 0);
  counts.subtract(7);
  CHECK(counts.count(7) == 0);
  CHECK(counts.try_add(7, 1));
  CHECK_FALSE(counts.try_add(7, 1));
}

TEST_CASE("keys of one place are counted apart") {
  SharedCounts counts(100);
  for (std::uint64_t i = 0; i < 32; ++i) {
    for (std::uint64_t n = 0; n <= i; ++n) {
      CHECK(counts.try_add(in_one_slot(i)));
    }
  }
  for (std::uint64_t i = 0; i < 32; ++i) {
    CHECK(counts.count(in_one_slot(i)) == i + 1);
  }
  // One in the middle goes: those behind it are still found.
  for (std::uint64_t n = 0; n <= 10; ++n) {
    counts.subtract(in_one_slot(10));
  }
  CHECK(counts.count(in_one_slot(10)) == 0);
  CHECK(counts.count(in_one_slot(31)) == 32);
  CHECK(counts.try_add(in_one_slot(31)));
  CHECK(counts.count(in_one_slot(31)) == 33);
}

TEST_CASE("keys whose upper bits are all zero are counted, too") {
  SharedCounts counts(100);
  CHECK(counts.try_add(0, 1));
  CHECK_FALSE(counts.try_add(0, 1));
  counts.subtract(0);
  CHECK(counts.count(0) == 0);
}

TEST_CASE("where every place of a key is taken the key passes uncounted") {
  SharedCounts counts(100);
  for (std::uint64_t i = 0; i < 32; ++i) {
    REQUIRE(counts.try_add(in_one_slot(i)));
  }
  const std::uint64_t one_too_many = in_one_slot(32);
  CHECK(counts.try_add(one_too_many, 1));
  CHECK(counts.try_add(one_too_many, 1));
  CHECK(counts.count(one_too_many) == 0);
  CHECK_FALSE(counts.try_add(one_too_many, 0));
  // Its release takes nothing from the others.
  counts.subtract(one_too_many);
  for (std::uint64_t i = 0; i < 32; ++i) {
    CHECK(counts.count(in_one_slot(i)) == 1);
  }
}

TEST_CASE("a table counts as many keys as it was made for") {
  constexpr std::uint64_t keys = 20'000;
  SharedCounts counts(keys);
  std::mt19937_64 random(4);
  std::vector<std::uint64_t> all(keys);
  std::uint64_t counted = 0;
  for (auto& key : all) {
    key = random();
    REQUIRE(counts.try_add(key));
    counted += counts.count(key);
  }
  CHECK(counted == keys);
  for (const auto key : all) {
    counts.subtract(key);
  }
  std::uint64_t left = 0;
  for (const auto key : all) {
    left += counts.count(key);
  }
  CHECK(left == 0);
}

TEST_CASE("a count that reaches what a word can hold stays there") {
  SharedCounts counts(10);
  constexpr std::uint64_t max = (1U << 24U) - 1;
  const std::uint64_t key = 0xabcdef0000000001U;
  std::uint64_t added = 0;
  for (std::uint64_t i = 0; i < max; ++i) {
    added += counts.try_add(key) ? 1 : 0;
  }
  CHECK(added == max);
  CHECK(counts.count(key) == max);
  CHECK_FALSE(counts.try_add(key));
  CHECK(counts.count(key) == max);
  counts.subtract(key);
  CHECK(counts.count(key) == max - 1);
}

TEST_CASE("many threads that add and subtract leave nothing behind") {
  SharedCounts counts(64);
  // Few keys, and places that overlap, so that words are freed and taken all the time.
  const auto key = [](std::uint64_t i) { return (i % 12 + 1) << 24U | (i % 3); };
  in_threads(4, [&](int thread) {
    std::mt19937_64 random(static_cast<unsigned>(thread) + 1);
    std::vector<std::uint64_t> held;
    for (int step = 0; step < 20'000; ++step) {
      if (held.size() > 6 || (!held.empty() && random() % 2 == 0)) {
        const auto which = random() % held.size();
        counts.subtract(held[which]);
        held[which] = held.back();
        held.pop_back();
      } else if (const auto chosen = key(random()); counts.try_add(chosen)) {
        held.push_back(chosen);
      }
    }
    for (const auto one : held) {
      counts.subtract(one);
    }
  });
  for (std::uint64_t i = 0; i < 12; ++i) {
    INFO("key " << i);
    CHECK(counts.count(key(i)) == 0);
  }
}

TEST_CASE("many threads that add and subtract many at a time leave nothing behind") {
  SharedCounts counts(64);
  // Few keys, and places that overlap, so that words are freed and taken all the time.
  const auto key = [](std::uint64_t i) { return (i % 12 + 1) << 24U | (i % 3); };
  in_threads(4, [&](int thread) {
    std::mt19937_64 random(static_cast<unsigned>(thread) + 1);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> held;  // a key, and how many
    for (int step = 0; step < 20'000; ++step) {
      if (held.size() > 6 || (!held.empty() && random() % 2 == 0)) {
        const auto which = random() % held.size();
        counts.subtract(held[which].first, held[which].second);
        held[which] = held.back();
        held.pop_back();
      } else {
        const std::uint64_t chosen = key(random());
        const std::uint64_t amount = random() % 16 + 1;
        if (counts.try_add(chosen, UINT32_MAX, amount)) {
          held.emplace_back(chosen, amount);
        }
      }
    }
    for (const auto& [one, amount] : held) {
      counts.subtract(one, amount);
    }
  });
  for (std::uint64_t i = 0; i < 12; ++i) {
    INFO("key " << i);
    CHECK(counts.count(key(i)) == 0);
  }
}

TEST_CASE("an amount is counted whole, or not at all") {
  SharedCounts counts(64);
  const std::uint64_t key = 5U << 24U | 1U;
  CHECK(counts.try_add(key, 20, 16));
  CHECK_FALSE(counts.try_add(key, 20, 5));
  CHECK(counts.count(key) == 16);
  CHECK(counts.try_add(key, 20, 4));
  CHECK_FALSE(counts.try_add(key, 20));
  counts.subtract(key, 16);
  CHECK(counts.count(key) == 4);
  counts.subtract(key, 4);
  CHECK(counts.count(key) == 0);
  CHECK_FALSE(counts.try_add(key, 20, 21));
  CHECK(counts.count(key) == 0);
}

TEST_CASE("threads that race for one key never exceed its limit") {
  constexpr std::uint64_t limit = 5;
  SharedCounts counts(64);
  const std::uint64_t key = 77U << 24U | 3U;
  std::atomic<std::uint64_t> holders{0};
  std::atomic<std::uint64_t> max{0};
  in_threads(4, [&](int) {
    int mine = 0;
    for (int step = 0; step < 20'000; ++step) {
      if (counts.try_add(key, limit)) {
        ++mine;
        auto now = holders.fetch_add(1) + 1;
        auto seen = max.load();
        while (now > seen && !max.compare_exchange_weak(seen, now)) {
        }
      }
      if (mine > 0 && (step % 2 == 0 || mine == 3)) {
        holders.fetch_sub(1);
        counts.subtract(key);
        --mine;
      }
    }
    for (; mine > 0; --mine) {
      holders.fetch_sub(1);
      counts.subtract(key);
    }
  });
  CHECK(max.load() <= limit);
  CHECK(counts.count(key) == 0);
}

TEST_CASE("a limit holds while neighbours come and go around the key") {
  // A key's first place may be found taken by one thread and free by the next: then the key has two
  // words for a while, and the limit is held by each. Never more than one word a thread.
  constexpr std::uint64_t limit = 4;
  constexpr int threads = 4;
  SharedCounts counts(64);
  const std::uint64_t key = 99U << 24U | 3U;
  std::atomic<std::uint64_t> holders{0};
  std::atomic<std::uint64_t> max{0};
  in_threads(threads, [&](int thread) {
    const std::uint64_t neighbour = (200U + static_cast<unsigned>(thread)) << 24U | 3U;
    for (int step = 0; step < 20'000; ++step) {
      const bool near = counts.try_add(neighbour);
      const bool held = counts.try_add(key, limit);
      if (held) {
        auto now = holders.fetch_add(1) + 1;
        auto seen = max.load();
        while (now > seen && !max.compare_exchange_weak(seen, now)) {
        }
      }
      if (near) {
        counts.subtract(neighbour);
      }
      if (held) {
        holders.fetch_sub(1);
        counts.subtract(key);
      }
    }
  });
  CHECK(max.load() <= limit * threads);
  CHECK(counts.count(key) == 0);
}

}  // namespace weir
