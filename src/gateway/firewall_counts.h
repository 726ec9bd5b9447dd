// What the firewall counted for the rules that it decides alone, for reports. The firewall's thread
// reads it, once for all questions that come meanwhile; with iptables that starts programs, so each
// question says how old a reading may be. The firewall may be held up by other programs: then the
// last reading is the answer.
//
// One, in the Gateway; main thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "firewall/rule_counts.h"
#include "gateway/own_firewall.h"
#include "loop/loop.h"

namespace weir {

class FirewallCounts {
 public:
  using Answer = std::function<void(const firewall::Counts&)>;

  FirewallCounts(Loop& loop, OwnFirewall& firewall);

  // Answers at once where the last reading is not older, and within `longest` in any case.
  void ask(std::chrono::seconds oldest, Answer answer);

  static constexpr Milliseconds longest{1'000};

 private:
  void answer_all();

  OwnFirewall& firewall_;
  Timer timeout_;
  firewall::Counts last_;
  std::optional<Instant> read_at_;
  bool is_reading_ = false;
  std::vector<Answer> asking_;
};

}  // namespace weir
