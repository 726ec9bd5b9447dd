// Calls at an instant of the wall clock, and at once when the clock is set: then whatever was
// worked out from the time has to be worked out anew. A clock that is slewed (as time services do
// with small errors) is followed, and no reason to call.
//
// Owned by the gateway; main thread, on its loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/descriptor.h"
#include "loop/loop.h"
#include "weir/result.h"

struct itimerspec;

namespace weir {

class WallClockAlarm {
 public:
  enum class Why : std::uint8_t { time_reached, clock_set };
  using OnAlarm = std::function<void(Why)>;

  // How a timer of the kernel is set and read: timerfd_create(2). Both return -1 and leave errno.
  struct Calls {
    int (*set)(int fd, const itimerspec& when);
    int (*read)(int fd);
  };
  static Calls kernel();

  static Result<std::unique_ptr<WallClockAlarm>> open(Loop& loop, OnAlarm on_alarm);
  // `timer`: becomes readable when a call is due.
  WallClockAlarm(Loop& loop, Descriptor timer, Calls calls, OnAlarm on_alarm);
  WallClockAlarm(const WallClockAlarm&) = delete;
  WallClockAlarm& operator=(const WallClockAlarm&) = delete;

  // Once, instead of what was waited for before; at once where that is over. Until then the clock
  // is watched, too; after a call neither is, until one of these is asked for again. May be called
  // from the alarm's own call.
  Result<> wake_at(std::chrono::sys_seconds instant);
  // Never, unless the clock is set.
  Result<> wake_when_set();

 private:
  void read();

  Descriptor timer_;
  Calls calls_;
  OnAlarm on_alarm_;
  Poll poll_;  // before its descriptor goes
};

}  // namespace weir
