// The control groups whose traffic is not intercepted (firewall.exclude-cgroup), followed while
// they come and go: the rules know a group by its number, which a service gets anew with every
// start.
//
// One, in OwnFirewall; main thread, on its loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "firewall/cgroup_watch.h"
#include "firewall/cgroups.h"
#include "loop/loop.h"

namespace weir::firewall {

class ExcludedCgroups {
 public:
  // `on_change`: one may have come or gone.
  ExcludedCgroups(Loop& loop, Log& log, std::function<void()> on_change);

  // Those of the configuration in force, from now on; empty: none is watched.
  void watch(const std::vector<std::string>& paths);
  // Which of them are there. Tells the log once of each that is not, and of its return.
  [[nodiscard]] std::vector<Cgroup> check();

 private:
  void tell(std::vector<std::string> missing);

  Loop& loop_;
  Log& log_;
  std::function<void()> on_change_;
  std::vector<std::string> paths_;
  std::unique_ptr<CgroupWatch> watch_;
  std::vector<std::string> missing_;  // that were told of
};

}  // namespace weir::firewall
