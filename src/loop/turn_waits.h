// How a poll spends the time until its next turn: it sleeps, spins for more to do before it falls
// asleep (busy polling), or waits, so that what comes meanwhile is served together (interrupt
// coalescing).
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

  // How long to spin for more to do before falling asleep, in a row of turns that come close enough
  // for it to pay; 0, as at first, is not at all. Waking up costs more than a short wait: here, and
  // also the processor that wakes us.
  void busy_poll(std::chrono::microseconds longest) { busy_poll_ = longest; }
  // The same, before the next turn only.
  void spin_for(std::chrono::microseconds longest) { spin_for_ = longest; }
  // Whether spinning before this turn found something; nothing: there was none.
  [[nodiscard]] std::optional<bool> spin_hit() const { return spin_hit_; }

  // Before the next turn the thread sleeps until then, and no event wakes it: what comes meanwhile
  // is served together. Not while reschedule() is due, not with busy_poll(), which asks for no
  // waits, and not where the kernel has no timers that fine.
  void coalesce_until(Instant until) { coalesce_until_ = until; }
  // Whether it did so before this turn.
  [[nodiscard]] bool coalesced() const { return coalesced_; }

  // The poll's own. On the thread that is to wait, before it does.
  void begin();
  enum class Due : bool { nothing, something };  // by reschedule()
  void coalesce(Due due);
  // epoll_wait: how many events came.
  int wait(std::span<epoll_event> into, int timeout);

 private:
  int epoll_;
  bool can_coalesce_ = false;
  bool coalesced_ = false;
  std::optional<Instant> coalesce_until_;
  std::chrono::microseconds busy_poll_{0};
  std::chrono::microseconds spin_for_{0};
  std::optional<bool> spin_hit_;
  std::chrono::nanoseconds usual_wait_{0};  // between turns, of late
};

}  // namespace weir
