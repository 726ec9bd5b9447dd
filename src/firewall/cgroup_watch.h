// Tells when a control group comes or goes: a service that is restarted has another one than
// before. Watches the folders on the way to each (inotify), as far as they are there.
//
// Owned by ExcludedCgroups; main thread, on its loop.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "loop/loop.h"
#include "weir/result.h"

namespace weir::firewall {

class CgroupWatch {
 public:
  // `paths` from the root of the hierarchy, which is mounted at `mount`. `on_change` hears of every
  // group that came or went in a folder on the way, others' too.
  static Result<std::unique_ptr<CgroupWatch>> open(Loop& loop, std::string mount,
                                                   std::span<const std::string> paths,
                                                   std::function<void()> on_change);
  CgroupWatch(const CgroupWatch&) = delete;
  CgroupWatch& operator=(const CgroupWatch&) = delete;

 private:
  CgroupWatch(Loop& loop, Descriptor inotify, std::string mount, std::span<const std::string> paths,
              std::function<void()> on_change);
  void watch() const;
  void read();

  Descriptor inotify_;
  std::string mount_;
  std::vector<std::string> paths_;
  std::function<void()> on_change_;
  Poll poll_;
};

}  // namespace weir::firewall
