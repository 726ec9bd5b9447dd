// The problem: a rule switches at 20:00. A timer that counts down is wrong as soon as the clock is
// set, as it is minutes after the start of a router without a battery.
//
// The choice: a timer of the kernel on CLOCK_REALTIME that is absolute, and that the kernel cancels
// when the clock is set (TFD_TIMER_CANCEL_ON_SET): then the descriptor becomes readable, and read()
// fails with ECANCELED. Only a timer that waits for something is cancelled, so that without an
// instant to wait for there is one far away.
#include "loop/wall_clock_alarm.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace weir {
namespace {

// The kernel counts nanoseconds in 63 bits.
constexpr std::chrono::sys_seconds latest =
    std::chrono::sys_days(std::chrono::year(2200) / std::chrono::January / 1);

int set_timer(int fd, const itimerspec& when) {
  return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, nullptr);
}

int read_timer(int fd) {
  std::uint64_t expired = 0;
  return ::read(fd, &expired, sizeof expired) < 0 ? -1 : 0;
}

}  // namespace

WallClockAlarm::Calls WallClockAlarm::kernel() { return {.set = set_timer, .read = read_timer}; }

Result<std::unique_ptr<WallClockAlarm>> WallClockAlarm::open(Loop& loop, OnAlarm on_alarm) {
  Descriptor timer(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer.valid()) {
    return Error(std::string("cannot watch the clock: ") + std::strerror(errno));
  }
  return std::make_unique<WallClockAlarm>(loop, std::move(timer), kernel(), std::move(on_alarm));
}

WallClockAlarm::WallClockAlarm(Loop& loop, Descriptor timer, Calls calls, OnAlarm on_alarm)
    : timer_(std::move(timer)),
      calls_(calls),
      on_alarm_(std::move(on_alarm)),
      poll_(loop, timer_.get(), [this](Poll::Ready) { read(); }) {
  poll_.watch({.readable = true, .writable = false});
}

Result<> WallClockAlarm::wake_at(std::chrono::sys_seconds instant) {
  itimerspec when{};
  // Zero disarms. What is before 1970 is over.
  when.it_value.tv_sec =
      std::clamp(instant, std::chrono::sys_seconds(std::chrono::seconds(1)), latest)
          .time_since_epoch()
          .count();
  if (calls_.set(timer_.get(), when) == 0) {
    return Ok{};
  }
  // The clock was set since the last time: the instant may have come out of the old one. The timer
  // is set all the same; this makes it fire at once, and the owner works out another.
  itimerspec now{};
  now.it_value.tv_sec = 1;
  if (errno == ECANCELED && (calls_.set(timer_.get(), now) == 0 || errno == ECANCELED)) {
    return Ok{};
  }
  return Error(std::string("cannot set a timer: ") + std::strerror(errno));
}

Result<> WallClockAlarm::wake_when_set() { return wake_at(latest); }

void WallClockAlarm::read() {
  const bool set = calls_.read(timer_.get()) != 0;
  if (set && errno != ECANCELED) {
    return;  // EAGAIN: another instant is waited for by now
  }
  // The call may set the alarm anew, and destroy it: nothing of it is touched afterwards.
  const OnAlarm call = on_alarm_;
  call(set ? Why::clock_set : Why::time_reached);
}

}  // namespace weir
