// A timing wheel against made-up time: t=0 is where the wheel starts, and time stands still unless
// a test moves it.
#include "base/timer_wheel.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{12'345'678us};

class Alarm final : public TimerWheel::Entry {
 public:
  explicit Alarm(std::function<void(Instant)> then = {}) : then_(std::move(then)) {}
  void on_deadline(Instant now) override {
    rang.push_back(now);
    if (then_) {
      then_(now);
    }
  }
  std::vector<Instant> rang;

 private:
  std::function<void(Instant)> then_;
};

// Moves time on in steps until `until`, as a ticker does.
void pass(TimerWheel& wheel, Instant& now, Instant until,
          Instant::duration step = TimerWheel::tick) {
  while (now < until) {
    now = std::min(now + step, until);
    wheel.advance(now);
  }
}

}  // namespace

TEST_CASE("what is due at once is served in parts where that is asked, each once and in order") {
  TimerWheel wheel(start);
  std::vector<int> order;
  std::vector<std::unique_ptr<Alarm>> alarms;
  for (int i = 0; i < 10; ++i) {
    alarms.push_back(std::make_unique<Alarm>([&order, i](Instant) { order.push_back(i); }));
    wheel.set(*alarms.back(), start + (i < 7 ? 1 : 2) * TimerWheel::tick, start);
  }
  const Instant later = start + 5 * TimerWheel::tick;
  CHECK_FALSE(wheel.advance(later, 4));
  CHECK(order == std::vector<int>{0, 1, 2, 3});
  wheel.cancel(*alarms[5]);
  Alarm fresh;
  wheel.set(fresh, start, later);
  CHECK_FALSE(wheel.advance(later, 2));
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 6});
  CHECK(wheel.advance(later, 100));
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 6, 7, 8, 9});
  CHECK(fresh.rang.size() == 1);
  CHECK(wheel.is_empty());
}

TEST_CASE("a deadline never comes early and at most one tick late, at any distance") {
  // Around each level's boundary: 64^n ticks, for the four lower levels.
  std::vector<std::int64_t> ticks{0, 1, 2, 63, 64, 65, 127, 128, 129};
  for (const std::int64_t power : {64 * 64, 64 * 64 * 64}) {
    for (const std::int64_t offset : {-65, -64, -63, -1, 0, 1, 63, 64, 65}) {
      ticks.push_back(power + offset);
    }
  }
  // Where the wheel stands when the deadline is set matters as much as how far it is.
  for (const std::int64_t phase : {0, 1, 62, 63, 64, 4032, 4095, 4096, 4159}) {
    TimerWheel wheel(start);
    Instant now = start;
    Alarm keeps_ticking;
    wheel.set(keeps_ticking, start + 1000h, now);
    pass(wheel, now, start + phase * TimerWheel::tick);
    std::vector<std::unique_ptr<Alarm>> alarms;
    std::vector<Instant> due;
    for (const std::int64_t distance : ticks) {
      for (const auto fraction : {0us, 1us, 49'999us}) {
        alarms.push_back(std::make_unique<Alarm>());
        due.push_back(now + distance * TimerWheel::tick + fraction);
        wheel.set(*alarms.back(), due.back(), now);
      }
    }
    pass(wheel, now, start + (64 * 64 * 64 + 64 * 64 + 200) * TimerWheel::tick);
    int wrong = 0;
    for (std::size_t i = 0; i < alarms.size(); ++i) {
      const auto& rang = alarms[i]->rang;
      const Instant earliest = due[i];
      const Instant latest = due[i] + TimerWheel::tick;
      wrong += rang.size() != 1 || rang[0] < earliest || rang[0] > latest ? 1 : 0;
    }
    INFO("phase " << phase);
    CHECK(wrong == 0);
    CHECK_FALSE(wheel.is_empty());
  }
}

TEST_CASE("a wheel is idle once it was found empty, and stands still until something is set") {
  TimerWheel wheel(start);
  CHECK(wheel.is_idle());
  Alarm first;
  wheel.set(first, start + 1h, start);
  CHECK_FALSE(wheel.is_idle());
  wheel.cancel(first);
  CHECK(wheel.is_empty());
  CHECK_FALSE(wheel.is_idle());  // what is cancelled is noticed with the next tick
  wheel.advance(start + TimerWheel::tick);
  CHECK(wheel.is_idle());

  // Nothing advanced it for a day: what is set then is a minute away, not a day and a minute.
  Instant now = start + 24h;
  Alarm second;
  wheel.set(second, now + 60s, now);
  pass(wheel, now, now + 59s);
  CHECK(second.rang.empty());
  pass(wheel, now, now + 2s);
  CHECK(second.rang.size() == 1);
  CHECK(wheel.is_idle());
}

TEST_CASE("an entry that is destroyed while it is set leaves an empty wheel") {
  TimerWheel wheel(start);
  {
    Alarm gone;
    wheel.set(gone, start + 1h, start);
  }
  CHECK(wheel.is_empty());
}

TEST_CASE("a deadline that has passed already comes with the next tick") {
  TimerWheel wheel(start);
  Instant now = start + 10s;
  Alarm past;
  Alarm before_the_wheel;
  wheel.set(past, start + 1s, now);
  wheel.set(before_the_wheel, Instant{}, now);
  wheel.advance(now);
  CHECK(past.rang.empty());
  now += TimerWheel::tick;
  wheel.advance(now);
  CHECK(past.rang == std::vector{now});
  CHECK(before_the_wheel.rang == std::vector{now});
}

TEST_CASE("a deadline beyond the wheel's range can be set and taken back") {
  constexpr auto range = TimerWheel::tick * (std::int64_t{1} << 30);  // 64^5 ticks
  TimerWheel wheel(start);
  Alarm within;
  Alarm beyond;
  wheel.set(within, start + range - 1h, start);
  wheel.set(beyond, start + 2 * range + 3h, start);
  CHECK_FALSE(wheel.is_empty());
  wheel.advance(start + 24h);
  CHECK(within.rang.empty());
  CHECK(beyond.rang.empty());
  wheel.cancel(within);
  wheel.cancel(beyond);
  CHECK(wheel.is_empty());
}

TEST_CASE("the farthest instant there is can be set") {
  TimerWheel wheel(start);
  Alarm never;
  wheel.set(never, Instant::max(), start);
  wheel.advance(start + 24h);
  CHECK(never.rang.empty());
  CHECK(never.is_set());
}

TEST_CASE("setting again moves a deadline, cancelling takes it back") {
  TimerWheel wheel(start);
  Instant now = start;
  Alarm alarm;
  CHECK_FALSE(alarm.is_set());
  wheel.cancel(alarm);  // nothing to cancel
  wheel.set(alarm, start + 1s, now);
  wheel.set(alarm, start + 5s, now);
  CHECK_FALSE(wheel.is_empty());
  CHECK(alarm.is_set());
  pass(wheel, now, start + 4s);
  CHECK(alarm.rang.empty());
  wheel.set(alarm, start + 4500ms, now);  // nearer than before
  pass(wheel, now, start + 6s);
  CHECK(alarm.rang == std::vector{start + 4500ms});
  CHECK_FALSE(alarm.is_set());

  wheel.set(alarm, start + 7s, now);
  wheel.cancel(alarm);
  CHECK_FALSE(alarm.is_set());
  CHECK(wheel.is_empty());
  pass(wheel, now, start + 20s);
  CHECK(alarm.rang.size() == 1);
}

TEST_CASE("an entry may set itself anew from its own deadline") {
  TimerWheel wheel(start);
  Instant now = start;
  std::optional<Alarm> alarm;
  alarm.emplace([&](Instant at) { wheel.set(*alarm, at + 1s, at); });
  wheel.set(*alarm, start + 1s, now);
  pass(wheel, now, start + 10s);
  CHECK(alarm->rang.size() == 10);
  for (std::size_t i = 0; i < alarm->rang.size(); ++i) {
    CHECK(alarm->rang[i] == start + std::chrono::seconds(i + 1));
  }
}

TEST_CASE("setting itself for now does not make a deadline spin") {
  TimerWheel wheel(start);
  std::optional<Alarm> alarm;
  alarm.emplace([&](Instant at) { wheel.set(*alarm, at, at); });
  wheel.set(*alarm, start, start);
  wheel.advance(start + TimerWheel::tick);
  CHECK(alarm->rang.size() == 1);
  wheel.advance(start + 2 * TimerWheel::tick);
  CHECK(alarm->rang.size() == 2);
}

TEST_CASE("an entry may cancel and move others that are due in the same tick") {
  TimerWheel wheel(start);
  Instant now = start;
  Alarm cancelled;
  Alarm moved;
  Alarm untouched;
  Alarm first([&](Instant at) {
    wheel.cancel(cancelled);
    wheel.set(moved, at + 1s, at);
  });
  for (Alarm* alarm : {&first, &cancelled, &moved, &untouched}) {
    wheel.set(*alarm, start + 1s, now);
  }
  pass(wheel, now, start + 1s);
  CHECK(first.rang == std::vector{start + 1s});
  CHECK(cancelled.rang.empty());
  CHECK(moved.rang.empty());
  CHECK(untouched.rang == std::vector{start + 1s});
  pass(wheel, now, start + 5s);
  CHECK(cancelled.rang.empty());
  CHECK(moved.rang == std::vector{start + 2s});
  CHECK(wheel.is_empty());
}

TEST_CASE("an entry may destroy itself and its neighbours from its deadline") {
  TimerWheel wheel(start);
  auto before = std::make_unique<Alarm>();
  std::unique_ptr<Alarm> self;
  auto after = std::make_unique<Alarm>();
  auto later = std::make_unique<Alarm>();
  int calls = 0;
  self = std::make_unique<Alarm>([&](Instant) {
    ++calls;
    before.reset();
    after.reset();
    later.reset();
  });
  wheel.set(*before, start + 2s, start);
  wheel.set(*self, start + 1s, start);
  wheel.set(*after, start + 1s, start);
  wheel.set(*later, start + 1h, start);
  wheel.advance(start + 1s);
  CHECK(calls == 1);
  CHECK(wheel.is_empty());
  wheel.advance(start + 2h);
}

TEST_CASE("a deadline that another one sets meanwhile waits for its own tick") {
  TimerWheel wheel(start);
  Alarm other;
  Alarm first([&](Instant at) { wheel.set(other, at + TimerWheel::tick, at); });
  wheel.set(first, start + 1s, start);
  wheel.advance(start + 1s);
  CHECK(other.rang.empty());
  wheel.advance(start + 1s + TimerWheel::tick);
  CHECK(other.rang.size() == 1);
}

TEST_CASE("an empty wheel that stood still for a week catches up at once") {
  TimerWheel wheel(start);
  const Instant later = start + 24h * 7;
  Alarm alarm;
  wheel.set(alarm, later + 1s, later);
  wheel.advance(later);
  CHECK(alarm.rang.empty());
  wheel.advance(later + 1s - 1us);
  CHECK(alarm.rang.empty());
  wheel.advance(later + 1s);
  CHECK(alarm.rang.size() == 1);
}

TEST_CASE("a wheel that was not advanced for an hour calls everything due, in order") {
  TimerWheel wheel(start);
  std::vector<int> order;
  Alarm third([&](Instant) { order.push_back(3); });
  Alarm first([&](Instant) { order.push_back(1); });
  Alarm second([&](Instant) { order.push_back(2); });
  Alarm not_yet;
  wheel.set(third, start + 30min, start);
  wheel.set(first, start + 1s, start);
  wheel.set(second, start + 10s, start);
  wheel.set(not_yet, start + 61min, start);
  wheel.advance(start + 1h);
  CHECK(order == std::vector{1, 2, 3});
  CHECK(not_yet.rang.empty());
  CHECK(first.rang == std::vector{start + 1h});  // told the time it really is
}

TEST_CASE("the clock standing still or going back rings nothing") {
  TimerWheel wheel(start);
  Alarm alarm;
  wheel.set(alarm, start + 1s, start);
  wheel.advance(start);
  wheel.advance(start - 1h);
  CHECK(alarm.rang.empty());
  wheel.advance(start + 1s);
  CHECK(alarm.rang.size() == 1);
}

TEST_CASE("entries and the wheel may go in either order") {
  Alarm survivor;
  {
    TimerWheel wheel(start);
    {
      Alarm short_lived;
      wheel.set(short_lived, start + 1s, start);
      CHECK_FALSE(wheel.is_empty());
    }
    CHECK(wheel.is_empty());
    wheel.advance(start + 2s);
    wheel.set(survivor, start + 10s, start);
  }
  CHECK_FALSE(survivor.is_set());
  TimerWheel another(start);
  another.set(survivor, start + 1s, start);
  another.advance(start + 1s);
  CHECK(survivor.rang.size() == 1);
}

}  // namespace weir
