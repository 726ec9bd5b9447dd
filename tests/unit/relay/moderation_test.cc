// When a worker lets more come together before its next turn.
#include "relay/moderation.h"

#include "catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr Moderation::Work nothing;
constexpr Moderation::Work segment{.bulk_bytes = 65'536};
constexpr Moderation::Work much{.bulk_bytes = 262'144};
constexpr Moderation::Work question{.datagrams = 1};
constexpr Moderation::Work stream{.datagrams = 8};
const Instant noon{12h};

// After how many of so many turns there was a wait.
int waits(Moderation& moderation, int turns, const Moderation::Work& work) {
  int count = 0;
  for (int i = 0; i < turns; ++i) {
    count += moderation.after_turn(noon, work) ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_CASE("after a turn in which little moved nobody waits") {
  Moderation moderation;
  CHECK(waits(moderation, 1000, nothing) == 0);
}

TEST_CASE("turns of bulk begin 200 microseconds apart, however long they take") {
  Moderation moderation;
  CHECK(moderation.after_turn(noon, segment) == noon + 200us);
  CHECK(moderation.after_turn(noon + 1ms, much) == noon + 1ms + 200us);
}

TEST_CASE("turns with datagrams begin 100 microseconds apart, unless there was bulk, too") {
  Moderation moderation;
  CHECK(moderation.after_turn(noon, stream) == noon + 100us);
  CHECK(moderation.after_turn(noon, {.bulk_bytes = 1, .datagrams = 8}) == noon + 200us);
}

TEST_CASE("while waiting gathers much, it goes on") {
  Moderation moderation;
  CHECK(waits(moderation, 1000, much) == 1000);
  CHECK(waits(moderation, 1000, stream) == 1000);
}

TEST_CASE("the first small turn is no reason not to wait: nobody has waited before it") {
  Moderation moderation;
  CHECK(moderation.after_turn(noon, {.bulk_bytes = 1}));
  CHECK(waits(moderation, 100, much) == 100);
}

TEST_CASE("where a wait gathers no more than a segment or a question, it is tried seldom") {
  for (const auto& little : {segment, question}) {
    Moderation moderation;
    // Each trial is a wait and the turn that shows it was for nothing; 63 more pass without.
    CHECK(waits(moderation, 65 * 10, little) == 10);
  }
}

TEST_CASE("a trial that succeeds is followed by more waits") {
  Moderation moderation;
  waits(moderation, 65, segment);
  CHECK(waits(moderation, 100, much) == 100);
}

TEST_CASE("a wait that ends in a turn of something else was for nothing, too") {
  Moderation moderation;
  CHECK(moderation.after_turn(noon, much));
  CHECK_FALSE(moderation.after_turn(noon, nothing));
  CHECK_FALSE(moderation.after_turn(noon, much));
}

TEST_CASE("only turns that move something bring the next trial nearer") {
  Moderation moderation;
  CHECK(waits(moderation, 2, segment) == 1);
  CHECK(waits(moderation, 1000, nothing) == 0);
  CHECK(waits(moderation, 63, much) == 0);
  CHECK(waits(moderation, 1, much) == 1);
}

}  // namespace weir
