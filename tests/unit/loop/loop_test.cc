#include "loop/loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

// Says that it was destroyed.
struct Trace {
  explicit Trace(int& destroyed) : count(&destroyed) {}
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  ~Trace() { ++*count; }
  int* count;
};

}  // namespace

TEST_CASE("a loop without work returns at once, and may be made and thrown away") {
  Loop loop;
  loop.run();
}

TEST_CASE("a timer fires once, or until it is stopped") {
  Loop loop;
  int once = 0;
  int often = 0;
  std::optional<Timer> single;
  std::optional<Timer> repeated;
  single.emplace(loop, [&]() { ++once; });
  repeated.emplace(loop, [&]() {
    if (++often == 3) {
      repeated->stop();
    }
  });
  single->once(1ms);
  repeated->every(1ms);
  loop.run();  // returns because both are done
  CHECK(once == 1);
  CHECK(often == 3);
  single.reset();
  repeated.reset();
}

TEST_CASE("a timer may be started anew from its own call, and destroyed in it") {
  Loop loop;
  int fired = 0;
  std::optional<Timer> timer;
  timer.emplace(loop, [&]() {
    if (++fired == 3) {
      timer.reset();
    } else {
      timer->once(1ms);
    }
  });
  timer->once(0ms);
  loop.run();
  CHECK(fired == 3);
}

TEST_CASE("a timer that was destroyed never fires, and lets go of what it held") {
  Loop loop;
  int destroyed = 0;
  int fired = 0;
  {
    auto trace = std::make_shared<Trace>(destroyed);
    Timer timer(loop, [&fired, trace]() { ++fired; });
    timer.once(0ms);
  }
  loop.run();
  CHECK(fired == 0);
  CHECK(destroyed == 1);
}

TEST_CASE("posted tasks run in order, those that tasks post afterwards") {
  Loop loop;
  std::vector<int> order;
  std::optional<Mailbox> mailbox(std::in_place, loop);
  mailbox->post([&]() {
    order.push_back(1);
    mailbox->post([&]() {
      order.push_back(3);
      mailbox.reset();
    });
  });
  mailbox->post([&]() { order.push_back(2); });
  loop.run();
  CHECK(order == std::vector{1, 2, 3});
}

TEST_CASE("a mailbox that goes drops what has not run, without leaking it") {
  int destroyed = 0;
  int ran = 0;
  {
    Loop loop;
    std::optional<Mailbox> mailbox(std::in_place, loop);
    for (int i = 0; i < 3; ++i) {
      mailbox->post([&ran, &mailbox, trace = std::make_shared<Trace>(destroyed)]() {
        ++ran;
        mailbox.reset();
      });
    }
    loop.run();
  }
  CHECK(ran == 1);
  CHECK(destroyed == 3);
}

TEST_CASE("tasks from many threads all run, each thread's in its order") {
  Loop loop;
  std::optional<Mailbox> mailbox(std::in_place, loop);
  constexpr int threads = 4;
  constexpr int each = 500;
  std::array<int, threads> next{};
  int wrong = 0;
  int total = 0;
  std::vector<std::thread> posters;
  for (int thread = 0; thread < threads; ++thread) {
    posters.emplace_back([&, thread]() {
      for (int i = 0; i < each; ++i) {
        mailbox->post([&, thread, i]() {
          wrong += next[static_cast<std::size_t>(thread)]++ == i ? 0 : 1;
          if (++total == threads * each) {
            loop.stop();
          }
        });
      }
    });
  }
  loop.run();
  for (auto& poster : posters) {
    poster.join();
  }
  CHECK(total == threads * each);
  CHECK(wrong == 0);
  mailbox.reset();
}

TEST_CASE("a watched descriptor tells what it is ready for while it is watched for that") {
  Loop loop;
  std::array<int, 2> ends{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const Descriptor near(ends[0]);
  const Descriptor far(ends[1]);
  std::vector<std::pair<bool, bool>> reported;
  std::optional<Poll> poll;
  poll.emplace(loop, near.get(), [&](Poll::Ready ready) {
    reported.emplace_back(ready.readable, ready.writable);
    if (reported.size() == 1) {
      REQUIRE(write(far.get(), "x", 1) == 1);
      poll->watch({.readable = true, .writable = false});
    } else {
      poll->watch({});
    }
  });
  poll->watch({.readable = false, .writable = true});
  loop.run();
  CHECK(reported == std::vector<std::pair<bool, bool>>{{false, true}, {true, false}});
  poll.reset();
}

TEST_CASE("a signal is told on the loop") {
  Loop loop;
  int reported = 0;
  std::optional<Signal> signal;
  signal.emplace(loop, SIGUSR2, [&]() {
    ++reported;
    signal.reset();
  });
  REQUIRE(raise(SIGUSR2) == 0);
  loop.run();
  CHECK(reported == 1);
}

TEST_CASE("the clock never goes back") {
  Instant last = clock_now();
  for (int i = 0; i < 1'000; ++i) {
    const Instant now = clock_now();
    CHECK(now >= last);
    last = now;
  }
}

}  // namespace weir
