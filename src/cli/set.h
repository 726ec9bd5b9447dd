// `weir sets`, which shows the running gateway's sets, and `weir set NAME add|remove ITEM…`, which
// changes one of them until its time is over or the gateway restarts. Main thread.
#pragma once

#include <string>
#include <vector>

#include "cli/live.h"

namespace weir {

struct SetArguments {
  LiveArguments live;
  std::string set;
  std::string action;  // add, remove
  std::vector<std::string> items;
  std::string duration;  // empty: until the next restart
  bool force = false;
};

[[nodiscard]] int run_sets(const LiveArguments& arguments);
[[nodiscard]] int run_set(const SetArguments& arguments);

// The bodies of the requests that a change becomes: more than one where its items do not fit.
[[nodiscard]] std::vector<std::string> set_bodies(const SetArguments& arguments);

}  // namespace weir
