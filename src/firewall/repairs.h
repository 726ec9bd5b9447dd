// How often the rules had to be put back, and when to stop: two tools that undo each other's work
// would go on for ever, and every round cuts traffic. No clock: times go in.
//
// Part of the RuleReconciler; its thread.
#pragma once

#include <cstdint>
#include <deque>

#include "weir/units.h"

namespace weir::firewall {

class Repairs {
 public:
  static constexpr std::size_t max = 5;
  static constexpr Milliseconds within{60'000};

  // Whether one more is worth it; counts it if so. After the first no it stays no.
  [[nodiscard]] bool may_repair(Instant now);
  // The one that was just counted failed: it is tried again, and not held against the others.
  void came_to_nothing();
  [[nodiscard]] std::uint64_t total() const { return total_; }
  // The operator has looked at it.
  void begin_anew() {
    recent_.clear();
    stopped_ = false;
  }

 private:
  std::deque<Instant> recent_;
  std::uint64_t total_ = 0;
  bool stopped_ = false;
};

}  // namespace weir::firewall
