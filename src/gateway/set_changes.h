// What operators add to sets and remove from them while the gateway runs: checks a change, puts it
// in force in the workers and in the firewall, and takes it back when its time is over. Each change
// is logged with the user who asked for it.
//
// One, in the Gateway; main thread, on its loop.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "admin/control.h"
#include "base/log.h"
#include "gateway/in_force.h"
#include "gateway/rule_fitting.h"
#include "loop/loop.h"
#include "sets/live_sets.h"
#include "weir/result.h"

namespace weir {

class SetChanges final : public SetControl {
 public:
  // What it changes, and what follows.
  struct Parts {
    const InForce& in_force;
    LiveSets& live_sets;
    RuleFitting& rule_fitting;
  };
  // `may_change`: nothing forbids it now; or what does.
  SetChanges(Loop& loop, Log& log, const Parts& parts, std::function<Result<>()> may_change);

  [[nodiscard]] std::vector<SetReport> list() const override;
  void change(const std::string& name, const SetChange& change, const Answer& answer) override;
  // That configuration is about to be in force: items of sets that it does not have go. Says so.
  std::vector<std::string> forget_gone(const Configuration& next);
  // Looks when the next item is over. From then on it goes on by itself.
  void follow();
  void stop() { timer_.stop(); }

 private:
  void expire();

  Log& log_;
  Parts parts_;
  std::function<Result<>()> may_change_;
  Timer timer_;
};

}  // namespace weir
