#include "base/timer_wheel.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <limits>

namespace weir {

void TimerWheel::Entry::unlink() {
  if (next_ == nullptr) {
    return;
  }
  next_->previous_ = previous_;
  previous_->next_ = next_;
  next_ = nullptr;
  previous_ = nullptr;
}

TimerWheel::TimerWheel(Instant now) : start_(now) {
  const auto close_ring = [](Entry& anchor) { anchor.next_ = anchor.previous_ = &anchor; };
  for (auto& level : wheel_) {
    for (auto& slot : level) {
      close_ring(slot);
    }
  }
  close_ring(due_list_);
}

TimerWheel::~TimerWheel() {
  // Entries that outlive the wheel must not touch it any more.
  const auto empty = [](Entry& anchor) {
    while (anchor.next_ != &anchor) {
      anchor.next_->unlink();
    }
  };
  for (auto& level : wheel_) {
    for (auto& slot : level) {
      empty(slot);
    }
  }
  empty(due_list_);
}

void TimerWheel::append(Entry& list, Entry& entry) {
  entry.previous_ = list.previous_;
  entry.next_ = &list;
  list.previous_->next_ = &entry;
  list.previous_ = &entry;
}

void TimerWheel::take_all(Entry& from, Entry& to) {
  while (from.next_ != &from) {
    Entry& entry = *from.next_;
    from.next_ = entry.next_;
    entry.next_->previous_ = &from;
    append(to, entry);
  }
}

std::uint64_t TimerWheel::tick_of(Instant when) const {
  return static_cast<std::uint64_t>(std::max(when - start_, Instant::duration::zero()) / tick);
}

void TimerWheel::set(Entry& entry, Instant when, Instant now) {
  entry.unlink();
  if (is_idle_) {
    now_ = std::max(now_, tick_of(now));
    is_idle_ = false;
  }
  const auto delay = std::max(when - start_, Instant::duration::zero());
  // Rounded up, so that nothing fires early; never the current tick, which is being served.
  const std::int64_t rounded_up =
      delay / tick + (delay % tick != Instant::duration::zero() ? 1 : 0);
  entry.due_ = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::max(static_cast<std::uint64_t>(rounded_up), now_ + 1),
                              std::numeric_limits<std::uint32_t>::max()));
  insert(entry);
}

void TimerWheel::insert(Entry& entry) {
  const std::uint64_t distance = entry.due_ - now_;
  for (std::size_t level = 0; level < levels; ++level) {
    const unsigned shift = slot_bits * static_cast<unsigned>(level);
    if (distance < (std::uint64_t{slots} << shift) || level + 1 == levels) {
      append(wheel_[level][(entry.due_ >> shift) % slots], entry);
      return;
    }
  }
}

// One level's slots come down where its hand completes a turn.
void TimerWheel::step() {
  ++now_;
  for (std::size_t level = 1; level < levels; ++level) {
    const unsigned shift = slot_bits * static_cast<unsigned>(level);
    if ((now_ & ((std::uint64_t{1} << shift) - 1)) != 0) {
      break;
    }
    Anchor falling;
    falling.next_ = falling.previous_ = &falling;
    take_all(wheel_[level][(now_ >> shift) % slots], falling);
    while (falling.next_ != &falling) {
      Entry& entry = *falling.next_;
      falling.next_ = entry.next_;
      entry.next_->previous_ = &falling;
      if (entry.due_ <= now_) {
        append(due_list_, entry);
      } else {
        insert(entry);
      }
    }
    falling.next_ = nullptr;
  }
  take_all(wheel_[0][now_ % slots], due_list_);
}

bool TimerWheel::advance(Instant now, std::size_t max) {
  const std::uint64_t target = tick_of(now);
  if (is_empty()) {
    now_ = std::max(now_, target);
  }
  while (true) {
    while (due_list_.next_ != &due_list_) {
      if (max == 0) {
        return false;
      }
      --max;
      Entry& entry = *due_list_.next_;
      assert(entry.due_ <= now_ && "a deadline came early");
      entry.unlink();
      entry.on_deadline(now);
    }
    if (now_ >= target) {
      is_idle_ = is_empty();
      return true;
    }
    step();
  }
}

bool TimerWheel::is_empty() const {
  const auto is_ring = [](const Entry& anchor) { return anchor.next_ == &anchor; };
  return is_ring(due_list_) && std::all_of(wheel_.begin(), wheel_.end(), [&](const auto& level) {
           return std::all_of(level.begin(), level.end(), is_ring);
         });
}

}  // namespace weir
