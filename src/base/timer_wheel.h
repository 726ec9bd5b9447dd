// Deadlines of many flows at one timer's cost: a hierarchical timing wheel. Setting, moving and
// cancelling are O(1) whatever the number of entries; an entry is called at most one tick late and
// never early.
//
// Flows move their deadlines lazily: a packet only notes the time, and on_deadline looks whether
// the flow has really been idle, and sets itself anew if not.
//
// One per worker; its thread. Entries belong to their owners, who cancel (or destroy) them before
// they go.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "weir/units.h"

namespace weir {

class TimerWheel {
 public:
  static constexpr Milliseconds tick{50};

  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    virtual void on_deadline(Instant now) = 0;
    [[nodiscard]] bool is_set() const { return next_ != nullptr; }

   protected:
    ~Entry() { unlink(); }

   private:
    friend class TimerWheel;
    void unlink();
    Entry* next_ = nullptr;
    Entry* previous_ = nullptr;
    std::uint32_t due_ = 0;  // in ticks, of which six years have so many
  };

  explicit TimerWheel(Instant now);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // `now` lets a wheel that stood still, because it was empty, catch up at once.
  void set(Entry& entry, Instant when, Instant now);
  void cancel(Entry& entry) { entry.unlink(); }

  // Calls the entries that are due, at most so many of them: thousands that end in one tick must
  // not hold up those that live. False: more are due, and come first the next time. Entries may
  // set and cancel themselves and others meanwhile.
  bool advance(Instant now, std::size_t max = SIZE_MAX);

  // Whether nothing was set since advance() found nothing left: until then it has to be called.
  [[nodiscard]] bool is_idle() const { return is_idle_; }
  // Whether nothing is set. Looks through some hundred slots: no entry pays for a count.
  [[nodiscard]] bool is_empty() const;

 private:
  static constexpr unsigned slot_bits = 6;
  static constexpr std::size_t slots = 1U << slot_bits;
  static constexpr std::size_t levels = 5;  // 64^5 ticks of 50 ms: 620 days

  // Final, and never owned through its base.
  class Anchor final : public Entry {
   public:
    Anchor() = default;
    void on_deadline(Instant) override {}
  };

  [[nodiscard]] std::uint64_t tick_of(Instant when) const;
  void insert(Entry& entry);
  void step();
  static void append(Entry& list, Entry& entry);
  static void take_all(Entry& from, Entry& to);

  Instant start_;
  std::uint64_t now_ = 0;  // in ticks since start
  bool is_idle_ = true;
  std::array<std::array<Anchor, slots>, levels> wheel_;
  Anchor due_list_;
};

}  // namespace weir
