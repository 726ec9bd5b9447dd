// How a poll spends the time until its next turn: it sleeps, looks for more to do before it falls
// asleep, or rests, so that what comes meanwhile is served together.
//
// Part of the EdgePoll; its worker's thread.
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <optional>
#include <span>

#include "weir/units.h"

namespace weir {

class TurnWaits {
 public:
  // `epoll`: the descriptor that is waited for; it outlives this.
  explicit TurnWaits(int epoll) : epoll_(epoll) {}

  // How long to look for more to do before falling asleep, in a row of turns that come close enough
  // for it to pay; 0, as at first, is not at all. Waking up costs more than a short wait: here, and
  // also the processor that wakes us.
  void busy_poll(std::chrono::microseconds longest) { busy_poll_ = longest; }
  // The same, before the next turn only.
  void look_for(std::chrono::microseconds longest) { look_for_ = longest; }
  // Whether looking before this turn found something; nothing: there was none.
  [[nodiscard]] std::optional<bool> look_found() const { return look_found_; }

  // Before the next turn the thread sleeps until then, and no event wakes it: what comes meanwhile
  // is served together. Not while again() is due, not with busy_poll(), which asks for no waits,
  // and not where the kernel has no timers that fine.
  void rest_until(Instant until) { rest_until_ = until; }
  // Whether it did so before this turn.
  [[nodiscard]] bool rested() const { return rested_; }

  // The poll's own. On the thread that is to wait, before it does.
  void begin();
  enum class Due : bool { nothing, something };  // by again()
  void rest(Due due);
  // epoll_wait: how many events came.
  int wait(std::span<epoll_event> into, int timeout);

 private:
  int epoll_;
  bool can_rest_ = false;
  bool rested_ = false;
  std::optional<Instant> rest_until_;
  std::chrono::microseconds busy_poll_{0};
  std::chrono::microseconds look_for_{0};
  std::optional<bool> look_found_;
  std::chrono::nanoseconds usual_wait_{0};  // between turns, of late
};

}  // namespace weir
