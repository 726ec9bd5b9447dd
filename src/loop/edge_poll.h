// The data path's readiness: one edge-triggered epoll descriptor for thousands of sockets, and the
// worker's libuv loop watched inside it.
//
// A uv_poll per connection costs 15 epoll_ctl calls per short connection; here a socket is
// registered once, for everything, and forgotten by closing it. libuv keeps timers and messages:
// its own descriptor sits in this one (not the other way round, which would cost a second
// epoll_wait in every turn), and runs when it has something to do.
//
// Edge-triggered means: whoever is told that a socket is readable reads until it would block, or
// asks for another turn with again(). Events may arrive for a watcher whose socket was closed
// earlier in the same batch; so watchers are not destroyed before the batch ends (see Worker's
// graveyard) and ignore what comes late.
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "loop/loop.h"

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

  EdgePoll(Loop& loop, std::function<void()> on_turn_end);
  ~EdgePoll();
  EdgePoll(const EdgePoll&) = delete;
  EdgePoll& operator=(const EdgePoll&) = delete;

  // Registers for input, urgent input, output and hang-up, edge-triggered. False when the kernel
  // refuses (no memory, max_user_watches). Closing the descriptor is what ends it.
  [[nodiscard]] bool add(int fd, Watcher& watcher);
  // Only for input; edge-triggered.
  [[nodiscard]] bool add_input(int fd, Watcher& watcher);
  // Only for input, and told again in every turn while there is some: for listeners.
  [[nodiscard]] bool add_level(int fd, Watcher& watcher);

  // Ends the events of a descriptor that stays open.
  void remove(int fd) const;

  // Calls on_events(events) in the next turn, without sleeping before it. The caller sees to it
  // that the watcher lives until then, and that it asks once.
  void again(Watcher& watcher, std::uint32_t events);

  // Takes back again(): the watcher is about to go.
  void forget(const Watcher& watcher);

  // For a watcher whose descriptor was closed and which goes on with another: what this turn still
  // has to tell of the first is left out.
  void disregard(const Watcher& watcher);

  // How long to look for more to do before falling asleep, in a row of turns that come close enough
  // for it to pay; 0, as at first, is not at all. Waking up costs more than a short wait: here, and
  // also the processor that wakes us.
  void busy_poll(std::chrono::microseconds longest) { busy_poll_ = longest; }
  // The same, before the next turn only.
  void look_for(std::chrono::microseconds longest) { look_for_ = longest; }
  // Whether looking before this turn found something; nothing: there was none.
  [[nodiscard]] std::optional<bool> look_found() const { return look_found_; }

  // Before the next turn the thread sleeps until then, and no event wakes it: what comes meanwhile
  // is served together. Not while again() is due, not with busy_poll(), which is for those who
  // would rather not wait, and not where the kernel has no timers that fine.
  void rest_until(Instant until) { rest_until_ = until; }
  // Whether it did so before this turn.
  [[nodiscard]] bool rested() const { return rested_; }

  void run();  // until stop()
  void stop() { running_ = false; }

  // The time this turn began.
  [[nodiscard]] Instant now() const { return now_; }

 private:
  struct Due {
    Watcher* watcher;
    std::uint32_t events;
  };

  [[nodiscard]] bool control(int fd, Watcher& watcher, std::uint32_t events) const;
  void rest();
  // epoll_wait: how many events came.
  int wait(std::span<epoll_event> into, int timeout);

  Loop& loop_;
  int fd_;
  bool running_ = false;
  Instant now_;
  bool can_rest_ = false;
  bool rested_ = false;
  std::optional<Instant> rest_until_;
  std::chrono::microseconds busy_poll_{0};
  std::chrono::microseconds look_for_{0};
  std::optional<bool> look_found_;
  std::chrono::nanoseconds usual_wait_{0};  // between turns, of late
  std::function<void()> on_turn_end_;
  std::span<epoll_event> batch_;  // what this turn has not told yet
  std::vector<Due> again_;
  std::vector<Due> serving_;
};

}  // namespace weir
