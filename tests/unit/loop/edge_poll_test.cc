// One thread, real descriptors: a turn of the poll is what moves these tests on, never a clock.
#include "loop/edge_poll.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "catch.h"
#include "turns.h"

namespace weir {

using namespace std::chrono_literals;

TEST_CASE("a socket's edge is told once, and again when more comes") {
  Turns turns;
  Pair pair;
  Ears ears;
  REQUIRE(turns.poll.add_input(pair.near.get(), ears));
  pair.write("one");
  turns.run(1);
  REQUIRE(ears.heard.size() == 1);
  CHECK((ears.heard[0] & EPOLLIN) != 0);
  turns.run_awake(3);  // nothing was read, nothing new came
  CHECK(ears.heard.size() == 1);
  pair.write("two");
  turns.run_awake(3);
  CHECK(ears.heard.size() == 2);
}

TEST_CASE("of a watch that was cancelled in the same turn, its watcher hears nothing more") {
  Turns turns;
  const Pair first;
  Pair second;
  const Pair third;
  Ears going_on;
  EdgePoll::Watch watch;
  Ears other([&](std::uint32_t) {
    turns.poll.cancel(watch);
    second.near.reset();
    watch = turns.poll.add_input(third.near.get(), going_on);
  });
  REQUIRE(turns.poll.add_input(first.near.get(), other));
  watch = turns.poll.add_input(second.near.get(), going_on);
  REQUIRE(watch);
  first.write("one");
  second.write("two");
  turns.run(1);
  CHECK(other.heard.size() == 1);
  CHECK(going_on.heard.empty());
  third.write("three");
  turns.run(1);
  CHECK(going_on.heard.size() == 1);
}

TEST_CASE("a watcher may be destroyed by another one's event in the same turn") {
  Turns turns;
  const Pair first;
  const Pair second;
  std::optional<Ears> going;
  going.emplace();
  EdgePoll::Watch watch;
  Ears other([&](std::uint32_t) {
    turns.poll.cancel(watch);
    going.reset();
  });
  REQUIRE(turns.poll.add_input(first.near.get(), other));
  watch = turns.poll.add_input(second.near.get(), *going);
  REQUIRE(watch);
  first.write("one");
  second.write("two");
  turns.run_awake(3);
  CHECK(other.heard.size() == 1);
}

TEST_CASE("a watcher may be destroyed in its own event") {
  Turns turns;
  const Pair pair;
  int heard = 0;
  std::optional<Ears> ears;
  EdgePoll::Watch watch;
  ears.emplace([&](std::uint32_t) {
    ++heard;
    turns.poll.cancel(watch);
    ears.reset();
  });
  watch = turns.poll.add_level(pair.near.get(), *ears);
  REQUIRE(watch);
  pair.write("one");
  turns.run_awake(3);
  CHECK(heard == 1);
}

TEST_CASE("what a socket that another process holds, too, still hears is dropped") {
  Turns turns;
  Pair pair;
  // As a successor has it, or a program until it runs: the open socket outlives our close().
  const Descriptor elsewhere(fcntl(pair.near.get(), F_DUPFD_CLOEXEC, 0));
  std::optional<Ears> ears;
  ears.emplace();
  EdgePoll::Watch watch = turns.poll.add_input(pair.near.get(), *ears);
  REQUIRE(watch);
  turns.poll.cancel(watch);
  pair.near.reset();
  ears.reset();
  // Another watcher gets the place.
  const Pair later;
  Ears next;
  REQUIRE(turns.poll.add_input(later.near.get(), next));
  pair.write("to the other one");
  turns.run_awake(3);
  CHECK(next.heard.empty());
  later.write("to us");
  turns.run_awake(1);
  CHECK(next.heard.size() == 1);
}

TEST_CASE("a descriptor that stays open with another process is told of no more once removed") {
  Turns turns;
  Pair pair;
  const Descriptor elsewhere(fcntl(pair.near.get(), F_DUPFD_CLOEXEC, 0));
  Ears ears;
  EdgePoll::Watch watch = turns.poll.add_level(pair.near.get(), ears);
  REQUIRE(watch);
  pair.write("waits");
  turns.poll.remove(watch, pair.near.get());
  CHECK_FALSE(watch);
  turns.run_awake(1);
  CHECK(ears.heard.empty());
  watch = turns.poll.add_level(elsewhere.get(), ears);
  REQUIRE(watch);
  turns.run(1);
  CHECK(ears.heard.size() == 1);
}

TEST_CASE("a watch that is over asks for no turn, even when its place is another one's") {
  Turns turns;
  const Pair first;
  const Pair second;
  Ears gone;
  Ears present;
  EdgePoll::Watch watch = turns.poll.add_input(first.near.get(), gone);
  const EdgePoll::Watch copy = watch;
  turns.poll.cancel(watch);
  turns.poll.cancel(watch);  // once is enough, twice no harm
  const EdgePoll::Watch other = turns.poll.add_input(second.near.get(), present);
  REQUIRE(other);
  turns.poll.again(copy, EPOLLIN);
  turns.run_awake(2);
  CHECK(gone.heard.empty());
  CHECK(present.heard.empty());
}

TEST_CASE("ten thousand watchers that are due are forgotten in a moment") {
  Turns turns;
  constexpr std::size_t count = 10'000;
  std::vector<Pair> pairs(200);
  std::vector<Ears> ears(pairs.size());
  std::vector<EdgePoll::Watch> watches;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    watches.push_back(turns.poll.add_input(pairs[i].near.get(), ears[i]));
    REQUIRE(watches.back());
  }
  // Each asks for a turn and takes it back so often that a look through all that are due would cost
  // a hundred million steps.
  for (std::size_t round = 0; round < count / pairs.size(); ++round) {
    for (const EdgePoll::Watch& watch : watches) {
      turns.poll.again(watch, EPOLLIN);
      turns.poll.not_again(watch);
    }
  }
  turns.poll.again(watches.back(), EPOLLOUT);
  turns.run(1);
  CHECK(ears.back().heard == std::vector<std::uint32_t>{EPOLLOUT});
  std::size_t others = 0;
  for (std::size_t i = 0; i + 1 < ears.size(); ++i) {
    others += ears[i].heard.size();
  }
  CHECK(others == 0);
}

TEST_CASE("a watch that asks twice for a turn has one, with all it asked for") {
  Turns turns;
  const Pair pair;
  Ears ears;
  const EdgePoll::Watch watch = turns.poll.add_input(pair.near.get(), ears);
  turns.poll.again(watch, EPOLLIN);
  turns.poll.again(watch, EPOLLOUT);
  turns.run_awake(2);
  CHECK(ears.heard == std::vector<std::uint32_t>{EPOLLIN | EPOLLOUT});
}

TEST_CASE("a listener is told in every turn while there is something") {
  Turns turns;
  Pair pair;
  Ears ears;
  REQUIRE(turns.poll.add_level(pair.near.get(), ears));
  pair.write("one");
  turns.run(3);
  CHECK(ears.heard.size() == 3);
  CHECK(pair.read() == "one");
  turns.run_awake(3);
  CHECK(ears.heard.size() == 3);
}

TEST_CASE("writability, the peer's end and its hang-up are told") {
  Turns turns;
  Pair pair;
  Ears ears;
  REQUIRE(turns.poll.add(pair.near.get(), ears));
  turns.run(1);
  REQUIRE(ears.heard.size() == 1);
  CHECK(ears.heard[0] == EPOLLOUT);
  REQUIRE(shutdown(pair.far.get(), SHUT_WR) == 0);
  turns.run(1);
  REQUIRE(ears.heard.size() == 2);
  CHECK((ears.heard[1] & (EPOLLIN | EPOLLRDHUP)) == (EPOLLIN | EPOLLRDHUP));
  pair.far.reset();
  turns.run(1);
  REQUIRE(ears.heard.size() == 3);
  CHECK((ears.heard[2] & EPOLLHUP) != 0);
}

TEST_CASE("a descriptor that epoll does not take is refused") {
  Turns turns;
  Ears ears;
  CHECK_FALSE(turns.poll.add(-1, ears));
  const Descriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  REQUIRE(file.valid());
  CHECK_FALSE(turns.poll.add_input(file.get(), ears));
  Pair pair;
  CHECK(turns.poll.add(pair.near.get(), ears));
  CHECK_FALSE(turns.poll.add(pair.near.get(), ears));  // registered already
}

TEST_CASE("closing a descriptor is what ends its events") {
  Turns turns;
  Pair pair;
  Ears ears;
  REQUIRE(turns.poll.add_level(pair.near.get(), ears));
  pair.write("one");
  turns.run(1);
  CHECK(ears.heard.size() == 1);
  pair.near.reset();
  turns.run_awake(3);
  CHECK(ears.heard.size() == 1);
}

TEST_CASE("another turn is one more turn, with what was asked for, without sleeping") {
  Turns turns;
  Watched ears(turns);
  ears.ears.act = [&](std::uint32_t) {
    if (ears.heard().size() < 5) {
      turns.poll.again(ears.watch, EPOLLOUT);
    }
  };
  turns.poll.again(ears.watch, EPOLLIN);
  turns.run(5);  // would sleep for ever if a turn were missing
  CHECK(ears.heard() ==
        std::vector<std::uint32_t>{EPOLLIN, EPOLLOUT, EPOLLOUT, EPOLLOUT, EPOLLOUT});
}

TEST_CASE("one watcher that asks again and again does not starve the others") {
  Turns turns;
  Watched busy(turns);
  busy.ears.act = [&](std::uint32_t) { turns.poll.again(busy.watch, 0); };
  Watched other(turns);
  turns.poll.again(busy.watch, 0);
  turns.run(3);
  CHECK(other.heard().empty());
  other.pair.write("now");
  turns.run(2);
  CHECK(other.heard().size() == 1);
}

TEST_CASE("a watcher that takes its turn back and asks again has it in the next turn") {
  Turns turns;
  Watched due(turns);
  Watched first(turns);
  first.ears.act = [&](std::uint32_t) {
    turns.poll.not_again(due.watch);
    turns.poll.again(due.watch, EPOLLOUT);
  };
  turns.poll.again(first.watch, 0);
  turns.poll.again(due.watch, EPOLLIN);
  turns.run(1);
  CHECK(due.heard().empty());
  turns.run(1);
  CHECK(due.heard() == std::vector<std::uint32_t>{EPOLLOUT});
}

TEST_CASE("a watcher whose turn was taken back is not called, whichever watcher takes it back") {
  Turns turns;
  Watched before(turns);
  Watched killer(turns);
  Watched after(turns);
  Watched next_turn(turns);
  killer.ears.act = [&](std::uint32_t) {
    turns.poll.again(next_turn.watch, 0);
    turns.poll.not_again(before.watch);
    turns.poll.not_again(after.watch);
    turns.poll.not_again(killer.watch);
    turns.poll.not_again(next_turn.watch);
  };
  turns.poll.again(before.watch, 0);
  turns.poll.again(killer.watch, 0);
  turns.poll.again(after.watch, 0);
  turns.run_awake(3);
  CHECK(before.heard().size() == 1);  // its turn came first
  CHECK(killer.heard().size() == 1);
  CHECK(after.heard().empty());
  CHECK(next_turn.heard().empty());
}

TEST_CASE("a watcher that goes while its turn is due is not called") {
  Turns turns;
  Watched killer(turns);
  auto going = std::make_unique<Watched>(turns);
  killer.ears.act = [&](std::uint32_t) { going.reset(); };
  turns.poll.again(killer.watch, 0);
  turns.poll.again(going->watch, 0);
  turns.run_awake(2);
  CHECK(killer.heard().size() == 1);
}

TEST_CASE("an event may take back the turn of a watcher that is due in the same turn") {
  Turns turns;
  Watched due(turns);
  Watched event(turns);
  event.ears.act = [&](std::uint32_t) { turns.poll.not_again(due.watch); };
  event.pair.write("x");
  turns.poll.again(due.watch, 0);
  turns.run(1);
  CHECK(event.heard().size() == 1);
  CHECK(due.heard().empty());
}

TEST_CASE("a timer of the loop fires inside the poll") {
  Turns turns;
  int fired = 0;
  std::optional<Timer> timer;
  timer.emplace(turns.loop, [&]() {
    ++fired;
    turns.poll.stop();
  });
  const Instant before = clock_now();
  timer->once(20ms);
  turns.run(1'000'000);
  CHECK(fired == 1);
  CHECK(clock_now() - before >= 19ms);  // libuv counts whole milliseconds
  timer.reset();
}

TEST_CASE("a timer that was started from an event fires, too") {
  Turns turns;
  Pair pair;
  std::optional<Timer> timer;
  timer.emplace(turns.loop, [&]() { turns.poll.stop(); });
  Ears ears([&](std::uint32_t) { timer->once(5ms); });
  REQUIRE(turns.poll.add_input(pair.near.get(), ears));
  pair.write("x");
  turns.run(1'000'000);
  CHECK(ears.heard.size() == 1);
  timer.reset();
}

TEST_CASE("a task that another thread posts wakes a sleeping poll") {
  Turns turns;
  std::vector<int> order;
  std::thread::id ran_on;
  std::thread poster([&]() {
    for (int i = 0; i < 100; ++i) {
      turns.mailbox->post([&order, i]() { order.push_back(i); });
    }
    turns.mailbox->post([&]() {
      ran_on = std::this_thread::get_id();
      turns.poll.stop();
    });
  });
  turns.run(1'000'000);
  poster.join();
  REQUIRE(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("a task that was posted before the poll runs is followed by a turn's end") {
  Turns turns;
  bool told = false;
  bool ended_after = false;
  turns.mailbox->post([&]() { told = true; });
  // Sleeping before that end would be for ever.
  turns.at_turn_end = [&]() { ended_after = told; };
  turns.run(1);
  CHECK(ended_after);
}

TEST_CASE("a descriptor watched through the loop wakes the poll") {
  Turns turns;
  Pair pair;
  int ready = 0;
  Pair trigger;
  std::optional<Poll> watched;
  watched.emplace(turns.loop, pair.near.get(), [&](Poll::Ready) {
    ++ready;
    watched->watch({});
    turns.poll.stop();
  });
  // Started from an event, when the loop itself has nothing to do.
  Ears ears([&](std::uint32_t) { watched->watch({.readable = true, .writable = false}); });
  REQUIRE(turns.poll.add_input(trigger.near.get(), ears));
  trigger.write("x");
  pair.write("y");
  turns.run(1'000'000);
  CHECK(ready == 1);
  watched.reset();
}

}  // namespace weir
