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
#include "stepped_poll.h"

namespace weir {

using namespace std::chrono_literals;

TEST_CASE("a socket's edge is told once, and again when more comes") {
  SteppedPoll stepped;
  Pair pair;
  RecordingWatcher watcher;
  REQUIRE(stepped.poll.add_input(pair.near.get(), watcher));
  pair.write("one");
  stepped.run(1);
  REQUIRE(watcher.heard.size() == 1);
  CHECK((watcher.heard[0] & EPOLLIN) != 0);
  stepped.run_awake(3);  // nothing was read, nothing new came
  CHECK(watcher.heard.size() == 1);
  pair.write("two");
  stepped.run_awake(3);
  CHECK(watcher.heard.size() == 2);
}

TEST_CASE("of a watch that was cancelled in the same turn, its watcher hears nothing more") {
  SteppedPoll stepped;
  const Pair first;
  Pair second;
  const Pair third;
  RecordingWatcher going_on;
  EdgePoll::Watch watch;
  RecordingWatcher other([&](std::uint32_t) {
    stepped.poll.cancel(watch);
    second.near.reset();
    watch = stepped.poll.add_input(third.near.get(), going_on);
  });
  REQUIRE(stepped.poll.add_input(first.near.get(), other));
  watch = stepped.poll.add_input(second.near.get(), going_on);
  REQUIRE(watch);
  first.write("one");
  second.write("two");
  stepped.run(1);
  CHECK(other.heard.size() == 1);
  CHECK(going_on.heard.empty());
  third.write("three");
  stepped.run(1);
  CHECK(going_on.heard.size() == 1);
}

TEST_CASE("a watcher may be destroyed by another one's event in the same turn") {
  SteppedPoll stepped;
  const Pair first;
  const Pair second;
  std::optional<RecordingWatcher> going;
  going.emplace();
  EdgePoll::Watch watch;
  RecordingWatcher other([&](std::uint32_t) {
    stepped.poll.cancel(watch);
    going.reset();
  });
  REQUIRE(stepped.poll.add_input(first.near.get(), other));
  watch = stepped.poll.add_input(second.near.get(), *going);
  REQUIRE(watch);
  first.write("one");
  second.write("two");
  stepped.run_awake(3);
  CHECK(other.heard.size() == 1);
}

TEST_CASE("a watcher may be destroyed in its own event") {
  SteppedPoll stepped;
  const Pair pair;
  int heard = 0;
  std::optional<RecordingWatcher> watcher;
  EdgePoll::Watch watch;
  watcher.emplace([&](std::uint32_t) {
    ++heard;
    stepped.poll.cancel(watch);
    watcher.reset();
  });
  watch = stepped.poll.add_level(pair.near.get(), *watcher);
  REQUIRE(watch);
  pair.write("one");
  stepped.run_awake(3);
  CHECK(heard == 1);
}

TEST_CASE("what a socket that another process holds, too, still hears is dropped") {
  SteppedPoll stepped;
  Pair pair;
  // As a successor has it, or a program until it runs: the open socket outlives our close().
  const Descriptor elsewhere(fcntl(pair.near.get(), F_DUPFD_CLOEXEC, 0));
  std::optional<RecordingWatcher> watcher;
  watcher.emplace();
  EdgePoll::Watch watch = stepped.poll.add_input(pair.near.get(), *watcher);
  REQUIRE(watch);
  stepped.poll.cancel(watch);
  pair.near.reset();
  watcher.reset();
  // Another watcher gets the place.
  const Pair later;
  RecordingWatcher next;
  REQUIRE(stepped.poll.add_input(later.near.get(), next));
  pair.write("to the other one");
  stepped.run_awake(3);
  CHECK(next.heard.empty());
  later.write("to us");
  stepped.run_awake(1);
  CHECK(next.heard.size() == 1);
}

TEST_CASE("a descriptor that stays open with another process is told of no more once removed") {
  SteppedPoll stepped;
  Pair pair;
  const Descriptor elsewhere(fcntl(pair.near.get(), F_DUPFD_CLOEXEC, 0));
  RecordingWatcher watcher;
  EdgePoll::Watch watch = stepped.poll.add_level(pair.near.get(), watcher);
  REQUIRE(watch);
  pair.write("waits");
  stepped.poll.remove(watch, pair.near.get());
  CHECK_FALSE(watch);
  stepped.run_awake(1);
  CHECK(watcher.heard.empty());
  watch = stepped.poll.add_level(elsewhere.get(), watcher);
  REQUIRE(watch);
  stepped.run(1);
  CHECK(watcher.heard.size() == 1);
}

TEST_CASE("a watch that is over asks for no turn, even when its place is another one's") {
  SteppedPoll stepped;
  const Pair first;
  const Pair second;
  RecordingWatcher gone;
  RecordingWatcher present;
  EdgePoll::Watch watch = stepped.poll.add_input(first.near.get(), gone);
  const EdgePoll::Watch copy = watch;
  stepped.poll.cancel(watch);
  stepped.poll.cancel(watch);  // once is enough, twice no harm
  const EdgePoll::Watch other = stepped.poll.add_input(second.near.get(), present);
  REQUIRE(other);
  stepped.poll.reschedule(copy, EPOLLIN);
  stepped.run_awake(2);
  CHECK(gone.heard.empty());
  CHECK(present.heard.empty());
}

TEST_CASE("ten thousand watchers that are due are forgotten in a moment") {
  SteppedPoll stepped;
  constexpr std::size_t count = 10'000;
  std::vector<Pair> pairs(200);
  std::vector<RecordingWatcher> watcher(pairs.size());
  std::vector<EdgePoll::Watch> watches;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    watches.push_back(stepped.poll.add_input(pairs[i].near.get(), watcher[i]));
    REQUIRE(watches.back());
  }
  // Each asks for a turn and takes it back so often that a look through all that are due would cost
  // a hundred million steps.
  for (std::size_t round = 0; round < count / pairs.size(); ++round) {
    for (const EdgePoll::Watch& watch : watches) {
      stepped.poll.reschedule(watch, EPOLLIN);
      stepped.poll.unschedule(watch);
    }
  }
  stepped.poll.reschedule(watches.back(), EPOLLOUT);
  stepped.run(1);
  CHECK(watcher.back().heard == std::vector<std::uint32_t>{EPOLLOUT});
  std::size_t others = 0;
  for (std::size_t i = 0; i + 1 < watcher.size(); ++i) {
    others += watcher[i].heard.size();
  }
  CHECK(others == 0);
}

TEST_CASE("a watch that asks twice for a turn has one, with all it asked for") {
  SteppedPoll stepped;
  const Pair pair;
  RecordingWatcher watcher;
  const EdgePoll::Watch watch = stepped.poll.add_input(pair.near.get(), watcher);
  stepped.poll.reschedule(watch, EPOLLIN);
  stepped.poll.reschedule(watch, EPOLLOUT);
  stepped.run_awake(2);
  CHECK(watcher.heard == std::vector<std::uint32_t>{EPOLLIN | EPOLLOUT});
}

TEST_CASE("a listener is told in every turn while there is something") {
  SteppedPoll stepped;
  Pair pair;
  RecordingWatcher watcher;
  REQUIRE(stepped.poll.add_level(pair.near.get(), watcher));
  pair.write("one");
  stepped.run(3);
  CHECK(watcher.heard.size() == 3);
  CHECK(pair.read() == "one");
  stepped.run_awake(3);
  CHECK(watcher.heard.size() == 3);
}

TEST_CASE("writability, the peer's end and its hang-up are told") {
  SteppedPoll stepped;
  Pair pair;
  RecordingWatcher watcher;
  REQUIRE(stepped.poll.add(pair.near.get(), watcher));
  stepped.run(1);
  REQUIRE(watcher.heard.size() == 1);
  CHECK(watcher.heard[0] == EPOLLOUT);
  REQUIRE(shutdown(pair.far.get(), SHUT_WR) == 0);
  stepped.run(1);
  REQUIRE(watcher.heard.size() == 2);
  CHECK((watcher.heard[1] & (EPOLLIN | EPOLLRDHUP)) == (EPOLLIN | EPOLLRDHUP));
  pair.far.reset();
  stepped.run(1);
  REQUIRE(watcher.heard.size() == 3);
  CHECK((watcher.heard[2] & EPOLLHUP) != 0);
}

TEST_CASE("a descriptor that epoll does not take is refused") {
  SteppedPoll stepped;
  RecordingWatcher watcher;
  CHECK_FALSE(stepped.poll.add(-1, watcher));
  const Descriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  REQUIRE(file.valid());
  CHECK_FALSE(stepped.poll.add_input(file.get(), watcher));
  Pair pair;
  CHECK(stepped.poll.add(pair.near.get(), watcher));
  CHECK_FALSE(stepped.poll.add(pair.near.get(), watcher));  // registered already
}

TEST_CASE("closing a descriptor is what ends its events") {
  SteppedPoll stepped;
  Pair pair;
  RecordingWatcher watcher;
  REQUIRE(stepped.poll.add_level(pair.near.get(), watcher));
  pair.write("one");
  stepped.run(1);
  CHECK(watcher.heard.size() == 1);
  pair.near.reset();
  stepped.run_awake(3);
  CHECK(watcher.heard.size() == 1);
}

TEST_CASE("another turn is one more turn, with what was asked for, without sleeping") {
  SteppedPoll stepped;
  Watched watched(stepped);
  watched.watcher.act = [&](std::uint32_t) {
    if (watched.heard().size() < 5) {
      stepped.poll.reschedule(watched.watch, EPOLLOUT);
    }
  };
  stepped.poll.reschedule(watched.watch, EPOLLIN);
  stepped.run(5);  // would sleep for ever if a turn were missing
  CHECK(watched.heard() ==
        std::vector<std::uint32_t>{EPOLLIN, EPOLLOUT, EPOLLOUT, EPOLLOUT, EPOLLOUT});
}

TEST_CASE("one watcher that asks again and again does not starve the others") {
  SteppedPoll stepped;
  Watched busy(stepped);
  busy.watcher.act = [&](std::uint32_t) { stepped.poll.reschedule(busy.watch, 0); };
  Watched other(stepped);
  stepped.poll.reschedule(busy.watch, 0);
  stepped.run(3);
  CHECK(other.heard().empty());
  other.pair.write("now");
  stepped.run(2);
  CHECK(other.heard().size() == 1);
}

TEST_CASE("a watcher that takes its turn back and asks again has it in the next turn") {
  SteppedPoll stepped;
  Watched due(stepped);
  Watched first(stepped);
  first.watcher.act = [&](std::uint32_t) {
    stepped.poll.unschedule(due.watch);
    stepped.poll.reschedule(due.watch, EPOLLOUT);
  };
  stepped.poll.reschedule(first.watch, 0);
  stepped.poll.reschedule(due.watch, EPOLLIN);
  stepped.run(1);
  CHECK(due.heard().empty());
  stepped.run(1);
  CHECK(due.heard() == std::vector<std::uint32_t>{EPOLLOUT});
}

TEST_CASE("a watcher whose turn was taken back is not called, whichever watcher takes it back") {
  SteppedPoll stepped;
  Watched before(stepped);
  Watched killer(stepped);
  Watched after(stepped);
  Watched next_turn(stepped);
  killer.watcher.act = [&](std::uint32_t) {
    stepped.poll.reschedule(next_turn.watch, 0);
    stepped.poll.unschedule(before.watch);
    stepped.poll.unschedule(after.watch);
    stepped.poll.unschedule(killer.watch);
    stepped.poll.unschedule(next_turn.watch);
  };
  stepped.poll.reschedule(before.watch, 0);
  stepped.poll.reschedule(killer.watch, 0);
  stepped.poll.reschedule(after.watch, 0);
  stepped.run_awake(3);
  CHECK(before.heard().size() == 1);  // its turn came first
  CHECK(killer.heard().size() == 1);
  CHECK(after.heard().empty());
  CHECK(next_turn.heard().empty());
}

TEST_CASE("a watcher that goes while its turn is due is not called") {
  SteppedPoll stepped;
  Watched killer(stepped);
  auto going = std::make_unique<Watched>(stepped);
  killer.watcher.act = [&](std::uint32_t) { going.reset(); };
  stepped.poll.reschedule(killer.watch, 0);
  stepped.poll.reschedule(going->watch, 0);
  stepped.run_awake(2);
  CHECK(killer.heard().size() == 1);
}

TEST_CASE("an event may take back the turn of a watcher that is due in the same turn") {
  SteppedPoll stepped;
  Watched due(stepped);
  Watched event(stepped);
  event.watcher.act = [&](std::uint32_t) { stepped.poll.unschedule(due.watch); };
  event.pair.write("x");
  stepped.poll.reschedule(due.watch, 0);
  stepped.run(1);
  CHECK(event.heard().size() == 1);
  CHECK(due.heard().empty());
}

TEST_CASE("a timer of the loop fires inside the poll") {
  SteppedPoll stepped;
  int fired = 0;
  std::optional<Timer> timer;
  timer.emplace(stepped.loop, [&]() {
    ++fired;
    stepped.poll.stop();
  });
  const Instant before = clock_now();
  timer->once(20ms);
  stepped.run(1'000'000);
  CHECK(fired == 1);
  CHECK(clock_now() - before >= 19ms);  // libuv counts whole milliseconds
  timer.reset();
}

TEST_CASE("a timer that was started from an event fires, too") {
  SteppedPoll stepped;
  Pair pair;
  std::optional<Timer> timer;
  timer.emplace(stepped.loop, [&]() { stepped.poll.stop(); });
  RecordingWatcher watcher([&](std::uint32_t) { timer->once(5ms); });
  REQUIRE(stepped.poll.add_input(pair.near.get(), watcher));
  pair.write("x");
  stepped.run(1'000'000);
  CHECK(watcher.heard.size() == 1);
  timer.reset();
}

TEST_CASE("a task that another thread posts wakes a sleeping poll") {
  SteppedPoll stepped;
  std::vector<int> order;
  std::thread::id ran_on;
  std::thread poster([&]() {
    for (int i = 0; i < 100; ++i) {
      stepped.mailbox->post([&order, i]() { order.push_back(i); });
    }
    stepped.mailbox->post([&]() {
      ran_on = std::this_thread::get_id();
      stepped.poll.stop();
    });
  });
  stepped.run(1'000'000);
  poster.join();
  REQUIRE(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("a task that was posted before the poll runs is followed by a turn's end") {
  SteppedPoll stepped;
  bool reported = false;
  bool ended_after = false;
  stepped.mailbox->post([&]() { reported = true; });
  // Sleeping before that end would be for ever.
  stepped.at_turn_end = [&]() { ended_after = reported; };
  stepped.run(1);
  CHECK(ended_after);
}

TEST_CASE("a descriptor watched through the loop wakes the poll") {
  SteppedPoll stepped;
  Pair pair;
  int ready = 0;
  Pair trigger;
  std::optional<Poll> watched;
  watched.emplace(stepped.loop, pair.near.get(), [&](Poll::Ready) {
    ++ready;
    watched->watch({});
    stepped.poll.stop();
  });
  // Started from an event, when the loop itself has nothing to do.
  RecordingWatcher watcher(
      [&](std::uint32_t) { watched->watch({.readable = true, .writable = false}); });
  REQUIRE(stepped.poll.add_input(trigger.near.get(), watcher));
  trigger.write("x");
  pair.write("y");
  stepped.run(1'000'000);
  CHECK(ready == 1);
  watched.reset();
}

}  // namespace weir
