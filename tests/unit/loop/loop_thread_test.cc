#include "loop/loop_thread.h"

#include <memory>
#include <mutex>
#include <vector>

#include "catch.h"

namespace weir {

using namespace std::chrono_literals;

TEST_CASE("tasks run on one other thread, in the order they were posted") {
  std::vector<int> order;
  std::vector<std::thread::id> threads;
  {
    LoopThread thread("test");
    for (int i = 0; i < 3; ++i) {
      thread.post([&, i]() {
        order.push_back(i);
        threads.push_back(std::this_thread::get_id());
      });
    }
    thread.run([&]() { order.push_back(3); });
    CHECK(order == std::vector{0, 1, 2, 3});
    thread.post([&]() { order.push_back(4); });
  }
  CHECK(order == std::vector{0, 1, 2, 3, 4});  // what was posted runs before the end
  CHECK(threads.front() != std::this_thread::get_id());
  CHECK(threads.front() == threads.back());
}

TEST_CASE("a task that comes too late does not run") {
  LoopThread thread("test");
  std::mutex busy;
  busy.lock();
  thread.post([&]() { const std::lock_guard wait(busy); });
  bool ran = false;
  CHECK_FALSE(thread.run_within(10ms, [&]() { ran = true; }));
  busy.unlock();
  thread.run([]() {});  // by now its turn was
  CHECK_FALSE(ran);
  CHECK(thread.run_within(60s, [&]() { ran = true; }));
  CHECK(ran);
}

TEST_CASE("timers that a task makes run on the thread's loop") {
  LoopThread thread("test");
  std::unique_ptr<Timer> timer;
  std::mutex waiting;
  std::thread::id ran_on;
  waiting.lock();
  std::thread::id own;
  thread.run([&]() {
    own = std::this_thread::get_id();
    timer = std::make_unique<Timer>(thread.loop(), [&]() {
      ran_on = std::this_thread::get_id();
      waiting.unlock();
    });
    timer->once(1ms);
  });
  waiting.lock();
  thread.run([&]() { timer.reset(); });
  CHECK(ran_on == own);
}

}  // namespace weir
