// The wheel against the obvious model, a sorted multimap, over days of made-up time.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "base/timer_wheel.h"
#include "catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{987'654'321us};

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed), now_(start), wheel_(start) {
    for (std::size_t i = 0; i < 200; ++i) {
      entries_.push_back(std::make_unique<Entry>(*this, i));
    }
  }

  void run(Instant until) {
    while (now_ < until && wrong == 0) {
      for (int changes = pick(0, 3); changes > 0; --changes) {
        change();
      }
      // Mostly a tick at a time; now and then the thread was busy or stopped.
      now_ += pick(0, 99) != 0 ? Instant::duration(pick(1, 60'000))
                               : Instant::duration(pick(1, 900) * 1s);
      wheel_.advance(now_);
      check_none_overdue();
      wrong += wheel_.is_empty() != expected_.empty() ? 1 : 0;
      wrong += wheel_.is_idle() && !expected_.empty() ? 1 : 0;
    }
  }

  int wrong = 0;
  std::uint64_t rang = 0;

 private:
  struct Entry final : TimerWheel::Entry {
    Entry(Model& owner, std::size_t which) : model(owner), number(which) {}
    void on_deadline(Instant now) override { model.rings(number, now); }
    Model& model;
    std::size_t number;
  };

  int pick(int min, int max) { return std::uniform_int_distribution<int>(min, max)(random_); }

  // Half of all deadlines are near; the others reach from seconds to days.
  Instant some_time() {
    const auto spread = std::uint64_t{1} << static_cast<unsigned>(pick(0, 37));
    return now_ +
           Instant::duration(std::uniform_int_distribution<std::uint64_t>(0, spread)(random_));
  }

  void change() {
    const auto number = static_cast<std::size_t>(pick(0, static_cast<int>(entries_.size()) - 1));
    if (pick(0, 9) == 0) {
      wheel_.cancel(*entries_[number]);
      forget(number);
    } else if (pick(0, 49) == 0) {
      forget(number);
      entries_[number] = std::make_unique<Entry>(*this, number);
    } else {
      set(number, some_time());
    }
  }

  void set(std::size_t number, Instant when) {
    forget(number);
    expected_.emplace(when, number);
    wheel_.set(*entries_[number], when, now_);
  }

  void forget(std::size_t number) {
    std::erase_if(expected_, [&](const auto& one) { return one.second == number; });
  }

  void rings(std::size_t number, Instant now) {
    ++rang;
    const auto found = std::find_if(expected_.begin(), expected_.end(),
                                    [&](const auto& one) { return one.second == number; });
    if (found == expected_.end() || found->first > now || now != now_) {
      ++wrong;  // cancelled, early, or told another time
    }
    if (found != expected_.end()) {
      expected_.erase(found);
    }
    // What flows do: set themselves anew, move and cancel others.
    if (pick(0, 1) == 0) {
      set(number, some_time());
    }
    if (pick(0, 3) == 0) {
      change_another(number);
    }
  }

  void change_another(std::size_t but) {
    const auto number = static_cast<std::size_t>(pick(0, static_cast<int>(entries_.size()) - 1));
    if (number == but) {
      return;
    }
    if (pick(0, 1) == 0) {
      wheel_.cancel(*entries_[number]);
      forget(number);
    } else {
      set(number, some_time());
    }
  }

  // What was due a tick ago has rung.
  void check_none_overdue() {
    wrong += !expected_.empty() && expected_.begin()->first <= now_ - TimerWheel::tick ? 1 : 0;
  }

  std::mt19937 random_;
  Instant now_;
  TimerWheel wheel_;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::multimap<Instant, std::size_t> expected_;
};

}  // namespace

TEST_CASE("the wheel does what a sorted list does, over days of time") {
  for (const unsigned seed : {1U, 2U, 3U}) {
    Model model(seed);
    model.run(start + 48h);
    INFO("seed " << seed);
    CHECK(model.wrong == 0);
    CHECK(model.rang > 10'000);
  }
}

}  // namespace weir
