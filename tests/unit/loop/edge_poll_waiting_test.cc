// What a poll does until the next turn: sleep, look for more, or rest.
#include <sys/epoll.h>

#include <atomic>
#include <ctime>
#include <optional>
#include <thread>

#include "catch.h"
#include "turns.h"

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
  Turns turns;
  turns.poll.waits().busy_poll(200us);
  Pair pair;
  constexpr int exchanges = 500;
  std::atomic<int> heard{0};
  Ears ears([&](std::uint32_t) {
    if (!pair.read().empty() && ++heard == exchanges) {
      turns.poll.stop();
    }
  });
  REQUIRE(turns.poll.add_input(pair.near.get(), ears));
  std::thread partner([&]() {
    for (int i = 0; i < exchanges; ++i) {
      pair.write("?");
      while (heard.load() == i) {
        std::this_thread::yield();
      }
    }
  });
  turns.run(1'000'000);
  partner.join();
  CHECK(heard == exchanges);
}

TEST_CASE("a poll that looks for more sleeps all the same when nothing comes") {
  Turns turns;
  turns.poll.waits().busy_poll(1ms);
  Timer timer(turns.loop, [&]() { turns.poll.stop(); });
  timer.once(300ms);
  const auto began = own_time();
  turns.run(1'000'000);
  CHECK(own_time() - began < 100ms);
}

TEST_CASE("a look that was asked for once is for one turn, and says what came of it") {
  Turns turns;
  // The first turn of a run does not sleep; the second is the one that is meant.
  const auto sleep = [&](std::chrono::microseconds look) {
    Timer timer(turns.loop, []() {});
    timer.once(60ms);
    const int first = turns.turns + 1;
    turns.at_turn_end = [&turns, look, first]() {
      if (turns.turns == first) {
        turns.poll.waits().look_for(look);
      }
    };
    const auto began = own_time();
    turns.run(2);
    turns.at_turn_end = {};
    return own_time() - began;
  };
  sleep(50ms);
  CHECK(turns.poll.waits().look_found() == false);
  CHECK(sleep(0ms) < 20ms);
  CHECK(turns.poll.waits().look_found() == std::nullopt);
}

TEST_CASE("a look that finds something says so") {
  Turns turns;
  Pair pair;
  Ears ears;
  REQUIRE(turns.poll.add_input(pair.near.get(), ears));
  turns.at_turn_end = [&]() {
    turns.poll.waits().look_for(50ms);
    pair.write("x");
  };
  turns.run(2);
  CHECK(ears.heard.size() == 1);
  CHECK(turns.poll.waits().look_found() == true);
}

TEST_CASE("while a poll rests nothing wakes it, and what came is told in one turn") {
  Turns turns;
  Pair one;
  Pair other;
  Ears first;
  Ears second;
  REQUIRE(turns.poll.add_input(one.near.get(), first));
  REQUIRE(turns.poll.add_input(other.near.get(), second));
  turns.run_awake(1);
  one.write("x");
  other.write("x");
  const Instant until = clock_now() + 20ms;
  turns.poll.waits().rest_until(until);
  turns.run(1);
  CHECK(turns.poll.now() >= until);
  CHECK(first.heard.size() == 1);
  CHECK(second.heard.size() == 1);
}

TEST_CASE("a rest is for one turn, and none where another turn was asked for") {
  Turns turns;
  const Watched due(turns);
  turns.poll.waits().rest_until(clock_now() + 1h);
  turns.poll.again(due.watch, EPOLLIN);
  turns.run(1);
  CHECK(due.heard().size() == 1);
  turns.run_awake(1);
}

TEST_CASE("a poll that looks for more before it sleeps does not rest") {
  Turns turns;
  turns.poll.waits().busy_poll(200us);
  turns.poll.waits().rest_until(clock_now() + 1h);
  turns.run_awake(2);
}

}  // namespace weir
