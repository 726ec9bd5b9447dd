// The data path's readiness: one edge-triggered epoll descriptor for thousands of sockets, and the
// worker's libuv loop watched inside it.
//
// A uv_poll per connection costs 15 epoll_ctl calls per short connection; here a socket is
// registered once, for everything, and forgotten by closing it. libuv keeps timers and messages:
// its own descriptor sits in this one (not the other way round, which would cost a second
// epoll_wait in every turn), and runs when it has something to do.
//
// Edge-triggered means: a watcher that is told that its socket is readable reads until it would
// block, or asks for another turn with reschedule().
//
// The kernel keeps no pointer of ours: an event carries the number of a slot and the slot's
// generation. Cancelling a watch makes the generation another one, so that what the kernel still
// tells of it is dropped: in this turn, and later, where another process holds the socket, too (a
// successor, or a program between fork and exec). Watchers may so be destroyed at any time, in
// their own on_events() as well.
//
// One per worker; its thread.
#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "loop/loop.h"
#include "loop/turn_waits.h"

namespace weir {

class EdgePoll {
 public:
  class Watcher {
   public:
    // `events` are epoll's (EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR).
    virtual void on_events(std::uint32_t events) = 0;

   protected:
    ~Watcher() = default;
  };

  // One descriptor's events and the watcher that hears them. A value; it stays what it is when the
  // watch ends, and then stands for nothing.
  struct Watch {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // of the slot
    // Whether there was one; it may be over.
    explicit operator bool() const { return slot != 0; }
  };

  // `clock`: what now() goes by.
  EdgePoll(Loop& loop, std::function<void()> on_turn_end,
           std::function<Instant()> clock = clock_now);
  ~EdgePoll();
  EdgePoll(const EdgePoll&) = delete;
  EdgePoll& operator=(const EdgePoll&) = delete;

  // Registers for input, urgent input, output and hang-up, edge-triggered. Nothing, and errno, when
  // the kernel refuses (no memory, max_user_watches). The watcher lives until cancel().
  [[nodiscard]] Watch add(int fd, Watcher& watcher);
  // Only for input; edge-triggered.
  [[nodiscard]] Watch add_input(int fd, Watcher& watcher);
  // Only for input, and told again in every turn while there is some: for listeners.
  [[nodiscard]] Watch add_level(int fd, Watcher& watcher);

  // From now on the watcher hears nothing more, of what this turn still has to tell either. Costs
  // no system call: the kernel forgets a descriptor when its last holder closes it.
  void cancel(Watch& watch);
  // The same for a descriptor that stays open, here or with another process.
  void remove(Watch& watch, int fd);

  // Calls on_events(events) in the next turn, without sleeping before it; once, with all the events
  // that were asked for.
  void reschedule(const Watch& watch, std::uint32_t events);
  // Takes that back.
  void unschedule(const Watch& watch);

  // How the time until the next turn is spent.
  [[nodiscard]] TurnWaits& waits() { return waits_; }

  void run();  // until stop()
  void stop() { running_ = false; }

  // What a watch costs in memory, beside what its holder keeps of it.
  static constexpr std::size_t bytes_per_watch = 16;

  // The time this turn began.
  [[nodiscard]] Instant now() const { return now_; }
  // The same, as it goes on.
  [[nodiscard]] const Instant& clock() const { return now_; }

 private:
  // What reschedule() asked for: of a watch, its `ticket`-th.
  struct Due {
    Watch watch;
    std::uint32_t ticket;
  };
  struct Slot {
    Watcher* watcher = nullptr;    // null: a free one
    std::uint32_t generation = 0;  // of the watch
    // Of a free one: the next free one. Else what reschedule() asked for: is_due, the number of the
    // asking, and the events.
    std::uint32_t due = 0;
  };
  // Where epoll has no event (its last is EPOLLRDHUP).
  static constexpr std::uint32_t is_due = 1U << 31U;
  static constexpr unsigned ticket_shift = 16;
  static constexpr std::uint32_t ticket_mask = 0x7fffU << ticket_shift;
  static constexpr std::uint32_t events_mask = 0xffffU;

  [[nodiscard]] Watch enter(int fd, Watcher& watcher, std::uint32_t events);
  [[nodiscard]] Slot* find(const Watch& watch);
  void serve(const epoll_event& event);
  void serve_due();

  Loop& loop_;
  int fd_;
  TurnWaits waits_;
  bool running_ = false;
  std::function<Instant()> read_clock_;
  Instant now_;
  std::function<void()> on_turn_end_;
  // In pieces that stay where they are: one that doubles would hold half of its bytes for no watch.
  std::deque<Slot> slots_;       // the first is the libuv loop's
  std::uint32_t free_slot_ = 0;  // 0: none
  std::vector<Due> rescheduled_;
  std::vector<Due> serving_;
};

}  // namespace weir
