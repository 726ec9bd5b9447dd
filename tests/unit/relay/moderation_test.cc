// When a worker lets more come together before its next turn.
#include "relay/moderation.h"

#include "catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using Wait = Moderation::Wait;
using Work = Moderation::Work;

constexpr Work nothing;
constexpr Work segment{.bulk_bytes = 65'536};
constexpr Work much{.bulk_bytes = 262'144};
constexpr Work query{.datagrams = 1};
constexpr Work stream{.datagrams = 8, .merged = 7};
constexpr Work queries{.datagrams = 20, .merged = 6};
constexpr Work run{.datagrams = 1, .large_datagrams = 1};
const Instant noon{12h};

// A worker that waits whenever it is told to.
struct Worker {
  bool turn(Work work) {
    work.coalesced = waits;
    waits = moderation.after_turn(noon, work).coalesce_until.has_value();
    return waits;
  }
  // After how many of so many turns there was a wait.
  int turns(int count, const Work& work) {
    int waited = 0;
    for (int i = 0; i < count; ++i) {
      waited += turn(work) ? 1 : 0;
    }
    return waited;
  }
  Moderation moderation;
  bool waits = false;
};

}  // namespace

TEST_CASE("after a turn in which little moved the worker does not wait") {
  Worker worker;
  CHECK(worker.turns(1000, nothing) == 0);
}

TEST_CASE("turns of bulk begin 200 microseconds apart, however long they take") {
  Moderation moderation;
  CHECK(moderation.after_turn(noon, segment) == Wait{.coalesce_until = noon + 200us});
  CHECK(moderation.after_turn(noon + 1ms, much) == Wait{.coalesce_until = noon + 1ms + 200us});
}

TEST_CASE("turns with datagrams begin 100 microseconds apart, unless there was bulk, too") {
  Moderation moderation;
  CHECK(moderation.after_turn(noon, stream) == Wait{.coalesce_until = noon + 100us});
  CHECK(moderation.after_turn(noon, {.bulk_bytes = 1, .datagrams = 8}) ==
        Wait{.coalesce_until = noon + 200us});
}

TEST_CASE("after a GSO sender's message the worker polls for the next one and does not wait") {
  Moderation moderation;
  CHECK(moderation.after_turn(noon, run) == Wait{.spin_for = 20us});
  CHECK(moderation.after_turn(noon, {.datagrams = 8, .large_datagrams = 1}) ==
        Wait{.spin_for = 20us});
}

TEST_CASE(
    "beside enough small datagrams of a flow, a GSO sender's messages are kept apart like them") {
  Moderation moderation;
  CHECK(moderation.after_turn(noon, {.datagrams = 9, .large_datagrams = 1, .merged = 7}) ==
        Wait{.coalesce_until = noon + 100us});
}

TEST_CASE("looks that find something now and then go on") {
  Moderation moderation;
  Work after = run;
  for (int i = 0; i < 1000; ++i) {
    CHECK(moderation.after_turn(noon, after) == Wait{.spin_for = 20us});
    after.spin_hit = i % 2 == 0;
  }
}

TEST_CASE("looks in vain are given up, and tried ever less") {
  Moderation moderation;
  Work vain = run;
  vain.spin_hit = false;
  const auto spins = [&](int turns, const Work& work) {
    int count = 0;
    for (int i = 0; i < turns; ++i) {
      count += moderation.after_turn(noon, work).spin_for != 0us ? 1 : 0;
    }
    return count;
  };
  // The ninth is one too many.
  for (const int backoff : {64, 128, 256}) {
    CHECK(spins(8, vain) == 8);
    CHECK(spins(1, vain) == 0);
    CHECK(spins(backoff - 1, run) == 0);
  }
}

TEST_CASE("beside bulk, a GSO sender's messages are kept apart like all else") {
  Moderation moderation;
  CHECK(moderation.after_turn(noon, {.bulk_bytes = 1, .datagrams = 1, .large_datagrams = 1}) ==
        Wait{.coalesce_until = noon + 200us});
}

TEST_CASE("while waiting gathers much, it goes on") {
  Worker worker;
  CHECK(worker.turns(1000, much) == 1000);
  CHECK(worker.turns(1000, stream) == 1000);
}

TEST_CASE("a small turn that the worker has not waited for is no reason not to wait") {
  Moderation moderation;
  for (int i = 0; i < 100; ++i) {  // because there was more to do, or the turn was a long one
    CHECK(moderation.after_turn(noon, {.bulk_bytes = 1, .coalesced = false}).coalesce_until);
  }
}

TEST_CASE(
    "where waits gather a segment, a query or those of many flows, they are tried ever less") {
  for (const auto& little : {segment, query, queries}) {
    Worker worker;
    // Each trial is a wait and the turn that shows it was for nothing; the others pass without.
    for (const int backoff : {64, 128, 256, 512, 1024, 2048, 4096, 4096, 4096}) {
      CHECK(worker.turns(1, little) == 1);
      CHECK(worker.turns(backoff, little) == 0);
    }
  }
}

TEST_CASE("a wait that succeeds is followed by more, and by the shortest backoff") {
  Worker worker;
  worker.turns(65 + 129 + 257, segment);
  CHECK(worker.turns(100, much) == 100);
  CHECK(worker.turns(1, segment) == 0);
  CHECK(worker.turns(63, segment) == 0);
  CHECK(worker.turns(1, segment) == 1);
}

TEST_CASE("a wait that ends in a turn of something else was for nothing, too") {
  Worker worker;
  CHECK(worker.turn(much));
  CHECK_FALSE(worker.turn(nothing));
  CHECK_FALSE(worker.turn(much));
}

TEST_CASE("only turns that move something bring the next attempt nearer") {
  Worker worker;
  CHECK(worker.turns(2, segment) == 1);
  CHECK(worker.turns(1000, nothing) == 0);
  CHECK(worker.turns(63, much) == 0);
  CHECK(worker.turns(1, much) == 1);
}

}  // namespace weir
