// What a reader does while the writer is in the midst of a write.
#include "base/seqlock.h"

#include "catch.h"

namespace weir {
namespace {

// A version and the word it guards; the test is the writer.
struct Guarded {
  std::atomic<std::uint32_t> version{0};
  std::atomic<int> word{1};
  int copies = 0;
  int copy() {
    ++copies;
    return word.load(std::memory_order_acquire);
  }
};

}  // namespace

TEST_CASE("a seqlock's reader copies once where nothing is written") {
  Guarded guarded;
  int yields = 0;
  CHECK(seqlock::read(
            guarded.version, [&]() { return guarded.copy(); }, [&]() { ++yields; }) == 1);
  CHECK(guarded.copies == 1);
  CHECK(yields == 0);
}

TEST_CASE("a seqlock's reader copies again when a write came between, without a yield") {
  Guarded guarded;
  int yields = 0;
  const auto copy = [&]() {
    const int seen = guarded.copy();
    if (guarded.copies == 1) {
      guarded.word = 2;
      guarded.version = 2;
    }
    return seen;
  };
  CHECK(seqlock::read(guarded.version, copy, [&]() { ++yields; }) == 2);
  CHECK(guarded.copies == 2);
  CHECK(yields == 0);
}

TEST_CASE("a seqlock's reader lets a writer run that is stopped in the midst of a write") {
  Guarded guarded;
  guarded.version = 1;
  int yields = 0;
  // The writer goes on at the second yield. A reader that never yields ends at the last copy.
  const auto copy = [&]() {
    if (guarded.copies == 10'000) {
      guarded.version = 2;
    }
    return guarded.copy();
  };
  const auto yield = [&]() {
    if (++yields == 2) {
      guarded.word = 2;
      guarded.version = 2;
    }
  };
  CHECK(seqlock::read(guarded.version, copy, yield) == 2);
  CHECK(yields == 2);
  CHECK(guarded.copies == 2 * seqlock::tries_before_yield + 1);
}

}  // namespace weir
