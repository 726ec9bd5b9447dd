// Keeps the rules in force fitted to this machine, in the workers and in the firewall: when its
// links or addresses change, when a window of a rule opens or closes, and when the clock is set.
//
// A switch waits for a reload that is under way, and for a takeover that may yet fail. The workers
// switch at once; the firewall's rules follow as fast as its tools let them, and are tried again
// where that fails. Live flows stay where they are.
//
// One, in the Gateway; main thread, on its loop.
#pragma once

#include <functional>
#include <memory>

#include "base/log.h"
#include "gateway/in_force.h"
#include "gateway/own_firewall.h"
#include "gateway/workers.h"
#include "loop/loop.h"
#include "loop/wall_clock_alarm.h"

namespace weir {

class RuleFitting {
 public:
  // `may_switch`: no reload and no takeover is under way, and rules matter still.
  RuleFitting(Loop& loop, Log& log, Workers& workers, InForce& in_force, OwnFirewall& firewall,
              std::function<bool()> may_switch);

  // Looks now, and then whenever the clock says so. Again when another configuration is in force.
  void follow();
  // What the machine has, has changed.
  void look();
  void stop();

 private:
  // The clock is not heard of, or something stood in the way.
  static constexpr Milliseconds soon{1'000};

  [[nodiscard]] std::shared_ptr<const MachineHere> machine();
  void enter(const std::shared_ptr<const Snapshot>& next);
  void replace_firewall();
  void wait();

  Loop& loop_;
  Log& log_;
  Workers& workers_;
  InForce& in_force_;
  OwnFirewall& firewall_;
  std::function<bool()> may_switch_;
  Timer again_;
  std::unique_ptr<WallClockAlarm> alarm_;
  bool firewall_is_behind_ = false;
  bool is_on_ = false;
};

}  // namespace weir
