#include "firewall/excluded_cgroups.h"

#include <algorithm>
#include <utility>

namespace weir::firewall {

ExcludedCgroups::ExcludedCgroups(Loop& loop, Log& log, std::function<void()> on_change)
    : loop_(loop), log_(log), on_change_(std::move(on_change)) {}

void ExcludedCgroups::watch(const std::vector<std::string>& paths) {
  watch_.reset();
  paths_ = paths;
  if (paths_.empty()) {
    missing_.clear();
    return;
  }
  const auto mount = cgroup_mount();
  if (!mount) {
    log_.warning("firewall.exclude-cgroup: no cgroup2 hierarchy is mounted on this machine");
    return;
  }
  auto watch = CgroupWatch::open(loop_, *mount, paths_, on_change_);
  if (!watch) {
    log_.warning("firewall.exclude-cgroup: cannot watch " + *mount + ": " + watch.error().text());
    return;
  }
  watch_ = std::move(watch).value();
  on_change_();  // one may have come before the watch
}

std::vector<Cgroup> ExcludedCgroups::check() {
  auto found = find_cgroups(paths_);
  tell(missing_cgroups(paths_, found));
  return found;
}

void ExcludedCgroups::tell(std::vector<std::string> missing) {
  for (const std::string& path : missing) {
    if (std::find(missing_.begin(), missing_.end(), path) == missing_.end()) {
      log_.warning("firewall.exclude-cgroup: there is no control group " + path +
                   " at the moment; its traffic passes as soon as there is one");
    }
  }
  for (const std::string& path : missing_) {
    if (std::find(missing.begin(), missing.end(), path) == missing.end()) {
      log_.info("firewall.exclude-cgroup: " + path + " is there, its traffic passes");
    }
  }
  missing_ = std::move(missing);
}

}  // namespace weir::firewall
