// The event loop of one thread: a libuv loop and the few kinds of handles weir needs on it.
// src/loop/ is the only place that includes <uv.h>.
//
// libuv closes handles asynchronously, after their owner may be gone. So every handle's memory
// belongs to the loop from construction on (see handle.h) and the classes here are mere grips on
// it: destroying a grip closes the handle, and no callback runs after that.
//
// The Gateway, each Worker and each LoopThread own one loop. Everything here belongs to the loop's
// thread, but for Mailbox::post.
#pragma once

#include <functional>
#include <memory>

#include "weir/units.h"

struct uv_loop_s;  // libuv's

namespace weir {

class Loop {
 public:
  Loop();
  ~Loop();  // closes what is still open and lets the loop finish
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();   // until stop(), or until nothing is left to wait for
  void stop();  // makes run() return after this turn
  [[nodiscard]] uv_loop_s* raw() const { return loop_.get(); }

 private:
  std::unique_ptr<uv_loop_s> loop_;
};

// The monotonic clock, now.
[[nodiscard]] Instant clock_now();

class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_time);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void once(Milliseconds delay);
  void every(Milliseconds interval);
  void stop();

 private:
  struct State;
  State* state_;
};

// Readiness of a descriptor that another owner has (c-ares, libmicrohttpd, an epoll descriptor).
// Level-triggered.
class Poll {
 public:
  struct Ready {
    bool readable = false;
    bool writable = false;
  };
  Poll(Loop& loop, int fd, std::function<void(Ready)> on_ready);
  ~Poll();  // must happen before the descriptor is closed
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  void watch(Ready interest);

 private:
  struct State;
  State* state_;
};

// Runs functions on the loop's thread, in the order they were posted.
class Mailbox {
 public:
  explicit Mailbox(Loop& loop);
  ~Mailbox();  // what was posted and has not run is dropped
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void post(std::function<void()> task);  // any thread

 private:
  struct State;
  State* state_;
};

class Signal {
 public:
  Signal(Loop& loop, int number, std::function<void()> on_signal);
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

 private:
  struct State;
  State* state_;
};

}  // namespace weir
