#include "loop/turn_waits.h"

#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>
#include <utility>

#include "loop/loop.h"

namespace weir {

using namespace std::chrono_literals;

// The kernel may wake us that late, in ns; its default, 50 µs, is as long as some turns and waits.
// Without high-resolution timers it would be milliseconds.
void TurnWaits::begin() {
  prctl(PR_SET_TIMERSLACK, 5'000);
  timespec resolution{};
  can_coalesce_ = clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 &&
                  resolution.tv_nsec <= 5'000;
}

void TurnWaits::coalesce(Due due) {
  const auto until = std::exchange(coalesce_until_, std::nullopt);
  const bool allowed = can_coalesce_ && due == Due::nothing && busy_poll_ == 0us;
  coalesced_ = until && allowed && *until > clock_now();
  if (coalesced_) {
    std::this_thread::sleep_until(*until);
  }
}

int TurnWaits::wait(std::span<epoll_event> into, int timeout) {
  const auto ask = [&](int milliseconds) {
    const int count = epoll_wait(epoll_, into.data(), static_cast<int>(into.size()), milliseconds);
    if (count < 0 && errno != EINTR) {
      std::perror("weir: epoll_wait");
      std::abort();
    }
    return std::max(count, 0);
  };
  spin_hit_.reset();
  const auto longest = std::max(busy_poll_, std::exchange(spin_for_, 0us));
  if (timeout == 0 || longest == 0us) {
    return ask(timeout);
  }
  const Instant began = clock_now();
  Instant looked = began;
  int count = 0;
  // A wait that slept includes the time of waking up, about as long again: hence twice.
  if (usual_wait_ <= 2 * longest) {
    while (count == 0 && looked - began < longest) {
      count = ask(0);
      looked = clock_now();
    }
    spin_hit_ = count != 0;
  }
  if (count == 0) {
    count = ask(timeout);
    looked = clock_now();
  }
  // A long silence counts only as much as it takes to end the row of close turns.
  const std::chrono::nanoseconds waited =
      std::min<std::chrono::nanoseconds>(looked - began, 8 * longest);
  usual_wait_ = (3 * usual_wait_ + waited) / 4;
  return count;
}

}  // namespace weir
