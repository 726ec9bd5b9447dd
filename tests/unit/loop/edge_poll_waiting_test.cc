// What a poll does until the next turn: sleep, spin, or coalesce.
#include <sys/epoll.h>

#include <atomic>
#include <ctime>
#include <optional>
#include <thread>

#include "catch.h"
#include "stepped_poll.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

// What this thread has run.
std::chrono::nanoseconds own_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1s + time.tv_nsec * 1ns;
}

}  // namespace

TEST_CASE("a poll that looks for more before it sleeps hears what comes meanwhile") {
  SteppedPoll stepped;
  stepped.poll.waits().busy_poll(200us);
  Pair pair;
  constexpr int exchanges = 500;
  std::atomic<int> heard{0};
  RecordingWatcher watcher([&](std::uint32_t) {
    if (!pair.read().empty() && ++heard == exchanges) {
      stepped.poll.stop();
    }
  });
  REQUIRE(stepped.poll.add_input(pair.near.get(), watcher));
  std::thread partner([&]() {
    for (int i = 0; i < exchanges; ++i) {
      pair.write("?");
      while (heard.load() == i) {
        std::this_thread::yield();
      }
    }
  });
  stepped.run(1'000'000);
  partner.join();
  CHECK(heard == exchanges);
}

TEST_CASE("a poll that looks for more sleeps all the same when nothing comes") {
  SteppedPoll stepped;
  stepped.poll.waits().busy_poll(1ms);
  Timer timer(stepped.loop, [&]() { stepped.poll.stop(); });
  timer.once(300ms);
  const auto began = own_time();
  stepped.run(1'000'000);
  CHECK(own_time() - began < 100ms);
}

TEST_CASE("a look that was asked for once is for one turn, and says what came of it") {
  SteppedPoll stepped;
  // The first turn of a run does not sleep; the second is the one that is meant.
  const auto sleep = [&](std::chrono::microseconds spin) {
    Timer timer(stepped.loop, []() {});
    timer.once(60ms);
    const int first = stepped.turns + 1;
    stepped.at_turn_end = [&stepped, spin, first]() {
      if (stepped.turns == first) {
        stepped.poll.waits().spin_for(spin);
      }
    };
    const auto began = own_time();
    stepped.run(2);
    stepped.at_turn_end = {};
    return own_time() - began;
  };
  sleep(50ms);
  CHECK(stepped.poll.waits().spin_hit() == false);
  CHECK(sleep(0ms) < 20ms);
  CHECK(stepped.poll.waits().spin_hit() == std::nullopt);
}

TEST_CASE("a look that finds something says so") {
  SteppedPoll stepped;
  Pair pair;
  RecordingWatcher watcher;
  REQUIRE(stepped.poll.add_input(pair.near.get(), watcher));
  stepped.at_turn_end = [&]() {
    stepped.poll.waits().spin_for(50ms);
    pair.write("x");
  };
  stepped.run(2);
  CHECK(watcher.heard.size() == 1);
  CHECK(stepped.poll.waits().spin_hit() == true);
}

TEST_CASE("while a poll coalesces nothing wakes it, and what came is told in one turn") {
  SteppedPoll stepped;
  Pair one;
  Pair other;
  RecordingWatcher first;
  RecordingWatcher second;
  REQUIRE(stepped.poll.add_input(one.near.get(), first));
  REQUIRE(stepped.poll.add_input(other.near.get(), second));
  stepped.run_awake(1);
  one.write("x");
  other.write("x");
  const Instant until = clock_now() + 20ms;
  stepped.poll.waits().coalesce_until(until);
  stepped.run(1);
  CHECK(stepped.poll.now() >= until);
  CHECK(first.heard.size() == 1);
  CHECK(second.heard.size() == 1);
}

TEST_CASE("a coalescing delay is for one turn, and none where another turn was asked for") {
  SteppedPoll stepped;
  const Watched due(stepped);
  stepped.poll.waits().coalesce_until(clock_now() + 1h);
  stepped.poll.reschedule(due.watch, EPOLLIN);
  stepped.run(1);
  CHECK(due.heard().size() == 1);
  stepped.run_awake(1);
}

TEST_CASE("a poll that spins before it sleeps does not coalesce") {
  SteppedPoll stepped;
  stepped.poll.waits().busy_poll(200us);
  stepped.poll.waits().coalesce_until(clock_now() + 1h);
  stepped.run_awake(2);
}

}  // namespace weir
