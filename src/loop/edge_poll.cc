#include "loop/edge_poll.h"

#include <sys/prctl.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <utility>

namespace weir {

using namespace std::chrono_literals;

EdgePoll::EdgePoll(Loop& loop, std::function<void()> on_turn_end)
    : loop_(loop),
      fd_(epoll_create1(EPOLL_CLOEXEC)),
      now_(clock_now()),
      on_turn_end_(std::move(on_turn_end)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // the libuv loop
  if (fd_ < 0 || epoll_ctl(fd_, EPOLL_CTL_ADD, uv_backend_fd(loop.raw()), &event) != 0) {
    std::perror("weir: cannot make an epoll descriptor");
    std::abort();
  }
}

EdgePoll::~EdgePoll() { ::close(fd_); }

bool EdgePoll::control(int fd, Watcher& watcher, std::uint32_t events) const {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  return epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool EdgePoll::add(int fd, Watcher& watcher) {
  return control(fd, watcher, EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

bool EdgePoll::add_input(int fd, Watcher& watcher) {
  return control(fd, watcher, EPOLLIN | EPOLLET);
}

bool EdgePoll::add_level(int fd, Watcher& watcher) { return control(fd, watcher, EPOLLIN); }

void EdgePoll::remove(int fd) const { epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr); }

void EdgePoll::again(Watcher& watcher, std::uint32_t events) {
  again_.push_back({&watcher, events});
}

void EdgePoll::forget(const Watcher& watcher) {
  std::erase_if(again_, [&](const Due& due) { return due.watcher == &watcher; });
  // Those being served keep their places; nullptr is passed over.
  for (Due& due : serving_) {
    if (due.watcher == &watcher) {
      due.watcher = nullptr;
    }
  }
}

void EdgePoll::disregard(const Watcher& watcher) {
  for (epoll_event& event : batch_) {
    if (event.data.ptr == &watcher) {
      event.events = 0;
    }
  }
}

void EdgePoll::rest() {
  const auto until = std::exchange(rest_until_, std::nullopt);
  const bool may = can_rest_ && again_.empty() && busy_poll_ == 0us;
  rested_ = until && may && *until > clock_now();
  if (rested_) {
    std::this_thread::sleep_until(*until);
  }
}

int EdgePoll::wait(std::span<epoll_event> into, int timeout) {
  const auto ask = [&](int milliseconds) {
    const int count = epoll_wait(fd_, into.data(), static_cast<int>(into.size()), milliseconds);
    if (count < 0 && errno != EINTR) {
      std::perror("weir: epoll_wait");
      std::abort();
    }
    return std::max(count, 0);
  };
  look_found_.reset();
  const auto longest = std::max(busy_poll_, std::exchange(look_for_, 0us));
  if (timeout == 0 || longest == 0us) {
    return ask(timeout);
  }
  const Instant began = clock_now();
  Instant looked = began;
  int count = 0;
  // What was slept has the time of waking up in it, which is about as much again.
  if (usual_wait_ <= 2 * longest) {
    while (count == 0 && looked - began < longest) {
      count = ask(0);
      looked = clock_now();
    }
    look_found_ = count != 0;
  }
  if (count == 0) {
    count = ask(timeout);
    looked = clock_now();
  }
  // A long silence counts no more than makes it end the row.
  const std::chrono::nanoseconds waited =
      std::min<std::chrono::nanoseconds>(looked - began, 8 * longest);
  usual_wait_ = (3 * usual_wait_ + waited) / 4;
  return count;
}

void EdgePoll::run() {
  running_ = true;
  // The kernel may be that late with waking us up, in ns; 50 µs, which it has else, is as long as
  // some turns and rests. Without high-resolution timers it would be milliseconds.
  prctl(PR_SET_TIMERSLACK, 5'000);
  timespec resolution{};
  can_rest_ = clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 &&
              resolution.tv_nsec <= 5'000;
  std::array<epoll_event, 256> events;
  // The first turn does not sleep: libuv registers only while it runs what was made before, and
  // tasks may have been posted already.
  bool first = true;
  while (running_) {
    rest();
    uv_update_time(loop_.raw());  // else what this turn took would be slept on top
    const int timeout = first || !again_.empty() ? 0 : uv_backend_timeout(loop_.raw());
    const int count = wait(events, timeout);
    uv_update_time(loop_.raw());
    now_ = clock_now();
    serving_.swap(again_);
    bool loop_ready = false;
    batch_ = std::span(events).first(static_cast<std::size_t>(count));
    while (!batch_.empty()) {
      const epoll_event event = batch_.front();
      batch_ = batch_.subspan(1);
      if (event.data.ptr == nullptr) {
        loop_ready = true;
      } else if (event.events != 0) {
        static_cast<Watcher*>(event.data.ptr)->on_events(event.events);
      }
    }
    for (std::size_t i = 0; i < serving_.size(); ++i) {
      if (serving_[i].watcher != nullptr) {
        serving_[i].watcher->on_events(serving_[i].events);
      }
    }
    serving_.clear();
    if (first || loop_ready || uv_backend_timeout(loop_.raw()) == 0) {
      uv_run(loop_.raw(), UV_RUN_NOWAIT);
    }
    first = false;
    on_turn_end_();
  }
}

}  // namespace weir
