#include "loop/loop.h"

#include <uv.h>

#include <cassert>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "loop/handle.h"

namespace weir {
namespace {

// libuv fails here only for want of memory or descriptors while the program starts.
void require(int code, const char* what) {
  if (code != 0) {
    std::fprintf(stderr, "weir: %s: %s\n", what, uv_strerror(code));
    std::abort();
  }
}

}  // namespace

Loop::Loop() : loop_(std::make_unique<uv_loop_t>()) {
  require(uv_loop_init(loop_.get()), "cannot make an event loop");
}

Loop::~Loop() {
  // Every grip is gone by now; what remains are handles waiting for their close callback. The first
  // run takes a stop() that came when the loop did not run.
  uv_run(loop_.get(), UV_RUN_NOWAIT);
  uv_run(loop_.get(), UV_RUN_DEFAULT);
  const int left = uv_loop_close(loop_.get());
  assert(left == 0 && "a handle outlived its loop");
  static_cast<void>(left);
}

void Loop::run() { uv_run(loop_.get(), UV_RUN_DEFAULT); }

void Loop::stop() { uv_stop(loop_.get()); }

Instant clock_now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::steady_clock::now());
}

struct Timer::State : Handle<Timer::State, uv_timer_t> {
  std::function<void()> on_time;
};

Timer::Timer(Loop& loop, std::function<void()> on_time) : state_(new State) {
  state_->on_time = std::move(on_time);
  uv_timer_init(loop.raw(), &state_->uv);
}

Timer::~Timer() { state_->close(); }

void Timer::once(Milliseconds delay) {
  uv_update_time(state_->uv.loop);
  uv_timer_start(
      &state_->uv, [](uv_timer_t* timer) { State::of(timer).on_time(); },
      static_cast<std::uint64_t>(delay.count()), 0);
}

void Timer::every(Milliseconds interval) {
  const auto ms = static_cast<std::uint64_t>(interval.count());
  uv_update_time(state_->uv.loop);
  uv_timer_start(
      &state_->uv, [](uv_timer_t* timer) { State::of(timer).on_time(); }, ms, ms);
}

void Timer::stop() { uv_timer_stop(&state_->uv); }

struct Poll::State : Handle<Poll::State, uv_poll_t> {
  std::function<void(Ready)> on_ready;
};

Poll::Poll(Loop& loop, int fd, std::function<void(Ready)> on_ready) : state_(new State) {
  state_->on_ready = std::move(on_ready);
  require(uv_poll_init(loop.raw(), &state_->uv, fd), "cannot watch a descriptor");
}

Poll::~Poll() { state_->close(); }

void Poll::watch(Ready interest) {
  const int events = (interest.readable ? UV_READABLE : 0) | (interest.writable ? UV_WRITABLE : 0);
  if (events == 0) {
    uv_poll_stop(&state_->uv);
    return;
  }
  uv_poll_start(&state_->uv, events, [](uv_poll_t* poll, int status, int ready) {
    // An error shows as both: the next read or write tells which.
    State::of(poll).on_ready({.readable = status != 0 || (ready & UV_READABLE) != 0,
                              .writable = status != 0 || (ready & UV_WRITABLE) != 0});
  });
}

struct Mailbox::State : Handle<Mailbox::State, uv_async_t> {
  std::mutex lock;
  std::vector<std::function<void()>> posted;
  bool closed = false;

  void run() {
    std::vector<std::function<void()>> tasks;
    {
      const std::lock_guard guard(lock);
      tasks.swap(posted);
    }
    for (auto& task : tasks) {
      if (closed) {
        return;  // a task destroyed the mailbox
      }
      task();
    }
  }
};

Mailbox::Mailbox(Loop& loop) : state_(new State) {
  require(uv_async_init(loop.raw(), &state_->uv, [](uv_async_t* async) { State::of(async).run(); }),
          "cannot make a mailbox");
}

Mailbox::~Mailbox() {
  state_->closed = true;
  state_->close();
}

void Mailbox::post(std::function<void()> task) {
  // Under the lock: once the task can be seen, it may destroy the mailbox.
  const std::lock_guard guard(state_->lock);
  state_->posted.push_back(std::move(task));
  uv_async_send(&state_->uv);
}

struct Signal::State : Handle<Signal::State, uv_signal_t> {
  std::function<void()> on_signal;
};

Signal::Signal(Loop& loop, int number, std::function<void()> on_signal) : state_(new State) {
  state_->on_signal = std::move(on_signal);
  uv_signal_init(loop.raw(), &state_->uv);
  require(uv_signal_start(
              &state_->uv, [](uv_signal_t* signal, int) { State::of(signal).on_signal(); }, number),
          "cannot watch a signal");
}

Signal::~Signal() { state_->close(); }

}  // namespace weir
