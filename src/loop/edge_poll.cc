#include "loop/edge_poll.h"

#include <unistd.h>
#include <uv.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace weir {

EdgePoll::EdgePoll(Loop& loop, std::function<void()> on_turn_end, std::function<Instant()> clock)
    : loop_(loop),
      fd_(epoll_create1(EPOLL_CLOEXEC)),
      waits_(fd_),
      read_clock_(std::move(clock)),
      now_(read_clock_()),
      on_turn_end_(std::move(on_turn_end)) {
  static_assert(sizeof(Slot) == bytes_per_watch);
  slots_.resize(1);  // of the libuv loop, which is no watcher
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = 0;
  if (fd_ < 0 || epoll_ctl(fd_, EPOLL_CTL_ADD, uv_backend_fd(loop.raw()), &event) != 0) {
    std::perror("weir: cannot make an epoll descriptor");
    std::abort();
  }
}

EdgePoll::~EdgePoll() { ::close(fd_); }

EdgePoll::Watch EdgePoll::enter(int fd, Watcher& watcher, std::uint32_t events) {
  const bool is_new = free_slot_ == 0;
  const auto at = is_new ? static_cast<std::uint32_t>(slots_.size()) : free_slot_;
  if (is_new) {
    slots_.emplace_back();
  }
  Slot& slot = slots_[at];
  epoll_event event{};
  event.events = events;
  event.data.u64 = std::uint64_t{slot.generation} << 32U | at;
  if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    if (is_new) {
      slots_.pop_back();
    }
    return {};
  }
  free_slot_ = is_new ? 0 : slot.due;
  slot.watcher = &watcher;
  slot.due = 0;
  return {at, slot.generation};
}

// Null: the watch is over.
EdgePoll::Slot* EdgePoll::find(const Watch& watch) {
  Slot& slot = slots_[watch.slot];
  return slot.watcher != nullptr && slot.generation == watch.generation ? &slot : nullptr;
}

EdgePoll::Watch EdgePoll::add(int fd, Watcher& watcher) {
  return enter(fd, watcher, EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

EdgePoll::Watch EdgePoll::add_input(int fd, Watcher& watcher) {
  return enter(fd, watcher, EPOLLIN | EPOLLET);
}

EdgePoll::Watch EdgePoll::add_level(int fd, Watcher& watcher) {
  return enter(fd, watcher, EPOLLIN);
}

void EdgePoll::cancel(Watch& watch) {
  if (Slot* slot = find(watch)) {
    slot->watcher = nullptr;
    ++slot->generation;
    slot->due = std::exchange(free_slot_, watch.slot);
  }
  watch = {};
}

void EdgePoll::remove(Watch& watch, int fd) {
  cancel(watch);
  epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr);
}

// A request that was taken back stays in its list, under a ticket that no longer counts.
void EdgePoll::reschedule(const Watch& watch, std::uint32_t events) {
  Slot* slot = find(watch);
  if (slot == nullptr) {
    return;
  }
  if ((slot->due & is_due) == 0) {
    const std::uint32_t ticket = (slot->due + (1U << ticket_shift)) & ticket_mask;
    slot->due = is_due | ticket;
    rescheduled_.push_back({watch, ticket});
  }
  slot->due |= events & events_mask;
}

void EdgePoll::unschedule(const Watch& watch) {
  if (Slot* slot = find(watch)) {
    slot->due &= ticket_mask;
  }
}

void EdgePoll::serve(const epoll_event& event) {
  const Watch watch{.slot = static_cast<std::uint32_t>(event.data.u64),
                    .generation = static_cast<std::uint32_t>(event.data.u64 >> 32U)};
  if (const Slot* slot = find(watch)) {
    slot->watcher->on_events(event.events);
  }
}

void EdgePoll::serve_due() {
  for (const Due& due : serving_) {
    Slot* slot = find(due.watch);
    if (slot != nullptr && (slot->due & (is_due | ticket_mask)) == (is_due | due.ticket)) {
      const std::uint32_t events = slot->due & events_mask;
      slot->due &= ticket_mask;
      slot->watcher->on_events(events);
    }
  }
  serving_.clear();
}

void EdgePoll::run() {
  running_ = true;
  waits_.begin();
  std::array<epoll_event, 256> events;
  // The first turn does not sleep: libuv registers only while it runs what was made before, and
  // tasks may have been posted already.
  bool first = true;
  while (running_) {
    waits_.coalesce(rescheduled_.empty() ? TurnWaits::Due::nothing : TurnWaits::Due::something);
    uv_update_time(loop_.raw());  // else what this turn took would be slept on top
    const int timeout = first || !rescheduled_.empty() ? 0 : uv_backend_timeout(loop_.raw());
    const int count = waits_.wait(events, timeout);
    uv_update_time(loop_.raw());
    now_ = read_clock_();
    serving_.swap(rescheduled_);
    bool loop_ready = false;
    for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count))) {
      if (event.data.u64 == 0) {
        loop_ready = true;
      } else {
        serve(event);
      }
    }
    serve_due();
    if (first || loop_ready || uv_backend_timeout(loop_.raw()) == 0) {
      uv_run(loop_.raw(), UV_RUN_NOWAIT);
    }
    first = false;
    on_turn_end_();
  }
}

}  // namespace weir
