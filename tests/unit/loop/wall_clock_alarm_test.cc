#include "loop/wall_clock_alarm.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;
using Why = WallClockAlarm::Why;

sys_seconds now() { return std::chrono::floor<seconds>(std::chrono::system_clock::now()); }

// A kernel whose clock can be set: what timers are told, and what reading them says.
struct MadeUp {
  std::vector<std::int64_t> set;  // seconds since 1970
  std::vector<int> set_fails;     // with this errno, the next one first
  int read_fails = 0;             // with this errno
};
MadeUp made_up;

WallClockAlarm::Calls made_up_calls() {
  return {.set =
              [](int, const itimerspec& when) {
                made_up.set.push_back(when.it_value.tv_sec);
                if (made_up.set_fails.empty()) {
                  return 0;
                }
                errno = made_up.set_fails.front();
                made_up.set_fails.erase(made_up.set_fails.begin());
                return -1;
              },
          .read =
              [](int fd) {
                std::uint64_t count = 0;
                if (::read(fd, &count, sizeof count) < 0) {
                  return -1;
                }
                errno = made_up.read_fails;
                return made_up.read_fails == 0 ? 0 : -1;
              }};
}

// An alarm on a descriptor that becomes readable when the test says so.
struct Alarm {
  Alarm() {
    made_up = {};
    Descriptor event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    fd = event.get();
    alarm.emplace(loop, std::move(event), made_up_calls(), [this](Why why) {
      heard.push_back(why);
      loop.stop();
    });
  }
  void ring() const {
    const std::uint64_t one = 1;
    REQUIRE(::write(fd, &one, sizeof one) == sizeof one);
  }
  Loop loop;
  int fd = -1;
  std::vector<Why> heard;
  std::optional<WallClockAlarm> alarm;
};

TEST_CASE("the kernel calls when the time has come, and at once where it is over") {
  Loop loop;
  std::vector<Why> heard;
  std::unique_ptr<WallClockAlarm> alarm;
  sys_seconds wanted = now() + seconds(1);
  alarm = WallClockAlarm::open(loop, [&](Why why) {
            heard.push_back(why);
            CHECK(now() >= wanted);
            if (heard.size() < 3) {
              wanted = now() - seconds(heard.size() == 1 ? 3600 : 4'000'000'000);
              CHECK(alarm->wake_at(wanted).ok());
            } else {
              loop.stop();
            }
          }).value();
  REQUIRE(alarm->wake_at(wanted).ok());
  loop.run();
  CHECK(heard == std::vector{Why::time_reached, Why::time_reached, Why::time_reached});
  alarm.reset();
}

TEST_CASE("another instant takes the place of the one that was waited for") {
  Loop loop;
  int calls = 0;
  auto alarm = WallClockAlarm::open(loop, [&](Why) { ++calls; }).value();
  REQUIRE(alarm->wake_at(now()).ok());
  REQUIRE(alarm->wake_when_set().ok());
  std::optional<Timer> end(std::in_place, loop, [&]() { loop.stop(); });
  end->once(Milliseconds(1));
  loop.run();
  CHECK(calls == 0);
  end.reset();
  alarm.reset();
}

TEST_CASE("a clock that is set calls at once, and the owner may ask for another instant then") {
  Alarm world;
  REQUIRE(world.alarm->wake_at(sys_seconds(seconds(2'000'000'000))).ok());
  made_up.read_fails = ECANCELED;
  world.ring();
  world.loop.run();
  CHECK(world.heard == std::vector{Why::clock_set});
  CHECK(made_up.set == std::vector<std::int64_t>{2'000'000'000});
  world.alarm.reset();
}

TEST_CASE("without an instant the timer waits for one far away, for only so the kernel tells") {
  Alarm world;
  REQUIRE(world.alarm->wake_when_set().ok());
  REQUIRE(made_up.set.size() == 1);
  CHECK(made_up.set.front() > 7'000'000'000);
  REQUIRE(world.alarm->wake_at(sys_seconds::max()).ok());
  CHECK(made_up.set.back() == made_up.set.front());
  REQUIRE(world.alarm->wake_at(sys_seconds::min()).ok());
  CHECK(made_up.set.back() == 1);
  world.alarm.reset();
}

TEST_CASE("where the clock was set just before, the timer fires at once") {
  Alarm world;
  made_up.set_fails = {ECANCELED};
  CHECK(world.alarm->wake_at(sys_seconds(seconds(2'000'000'000))).ok());
  CHECK(made_up.set == std::vector<std::int64_t>{2'000'000'000, 1});
  // And again meanwhile: the kernel has taken it all the same.
  made_up.set_fails = {ECANCELED, ECANCELED};
  CHECK(world.alarm->wake_at(sys_seconds(seconds(2'000'000'000))).ok());
  made_up.set_fails = {EINVAL};
  CHECK_FALSE(world.alarm->wake_at(sys_seconds(seconds(2'000'000'000))).ok());
  world.alarm.reset();
}

TEST_CASE("readiness that is gone when it is looked at is no call") {
  Alarm world;
  made_up.read_fails = EAGAIN;
  world.ring();
  std::optional<Timer> end(std::in_place, world.loop, [&]() { world.loop.stop(); });
  end->once(Milliseconds(1));
  world.loop.run();
  CHECK(world.heard.empty());
  end.reset();
  world.alarm.reset();
}

TEST_CASE("an alarm may be destroyed in its own call") {
  Alarm world;
  std::optional<WallClockAlarm> other;
  Descriptor event(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
  other.emplace(world.loop, std::move(event), made_up_calls(), [&](Why) {
    other.reset();
    world.loop.stop();
  });
  world.loop.run();
  CHECK_FALSE(other.has_value());
  world.alarm.reset();
}

}  // namespace
}  // namespace weir
