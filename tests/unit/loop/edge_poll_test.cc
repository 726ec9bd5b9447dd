// One thread, real descriptors: a turn of the poll is what moves these tests on, never a clock.
#include "loop/edge_poll.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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

TEST_CASE("of a descriptor that was closed in the same turn, its watcher can hear nothing more") {
  Turns turns;
  const Pair first;
  Pair second;
  const Pair third;
  Ears going_on;
  Ears other([&](std::uint32_t) {
    turns.poll.disregard(going_on);
    second.near.reset();
    REQUIRE(turns.poll.add_input(third.near.get(), going_on));
  });
  REQUIRE(turns.poll.add_input(first.near.get(), other));
  REQUIRE(turns.poll.add_input(second.near.get(), going_on));
  first.write("one");
  second.write("two");
  turns.run(1);
  CHECK(other.heard.size() == 1);
  CHECK(going_on.heard.empty());
  third.write("three");
  turns.run(1);
  CHECK(going_on.heard.size() == 1);
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
  std::optional<Ears> ears;
  ears.emplace([&](std::uint32_t) {
    if (ears->heard.size() < 5) {
      turns.poll.again(*ears, EPOLLOUT);
    }
  });
  turns.poll.again(*ears, EPOLLIN);
  turns.run(5);  // would sleep for ever if a turn were missing
  CHECK(ears->heard == std::vector<std::uint32_t>{EPOLLIN, EPOLLOUT, EPOLLOUT, EPOLLOUT, EPOLLOUT});
}

TEST_CASE("one watcher that asks again and again does not starve the others") {
  Turns turns;
  std::optional<Ears> busy;
  busy.emplace([&](std::uint32_t) { turns.poll.again(*busy, 0); });
  Pair pair;
  Ears other;
  REQUIRE(turns.poll.add_input(pair.near.get(), other));
  turns.poll.again(*busy, 0);
  turns.run(3);
  CHECK(other.heard.empty());
  pair.write("now");
  turns.run(2);
  CHECK(other.heard.size() == 1);
  turns.poll.forget(*busy);
}

TEST_CASE("a watcher that was forgotten is not called, whoever forgets it") {
  Turns turns;
  Ears before;
  Ears after;
  Ears next_turn;
  std::optional<Ears> killer;
  killer.emplace([&](std::uint32_t) {
    turns.poll.again(next_turn, 0);
    turns.poll.forget(before);
    turns.poll.forget(after);
    turns.poll.forget(*killer);
    turns.poll.forget(next_turn);
  });
  turns.poll.again(before, 0);
  turns.poll.again(*killer, 0);
  turns.poll.again(after, 0);
  turns.run_awake(3);
  CHECK(before.heard.size() == 1);  // its turn came first
  CHECK(killer->heard.size() == 1);
  CHECK(after.heard.empty());
  CHECK(next_turn.heard.empty());
}

TEST_CASE("an event may forget a watcher that is due in the same turn") {
  Turns turns;
  Pair pair;
  Ears due;
  Ears event([&](std::uint32_t) { turns.poll.forget(due); });
  REQUIRE(turns.poll.add_input(pair.near.get(), event));
  pair.write("x");
  turns.poll.again(due, 0);
  turns.run(1);
  CHECK(event.heard.size() == 1);
  CHECK(due.heard.empty());
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
