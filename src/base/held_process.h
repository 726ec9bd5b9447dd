// A process held so that its number cannot come to mean another one.
//
// Owned by the TakeoverDonor, during a takeover. Any thread.
#pragma once

#include <sys/types.h>

#include "base/descriptor.h"
#include "weir/units.h"

namespace weir {

class HeldProcess {
 public:
  HeldProcess() = default;
  // REQUIRES: the process lives, or did a moment ago.
  explicit HeldProcess(pid_t pid);

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Whether we can end it; not where the kernel has no pidfds, or does not show us the process.
  [[nodiscard]] bool is_held() const { return process_.valid(); }
  // Ends it at once, and waits for its end for `timeout`: longer than that only the kernel itself
  // can be stuck with it (a dead disk), and it runs no code of its own any more. REQUIRES:
  // is_held().
  void end(Milliseconds timeout) const;

 private:
  pid_t pid_ = 0;
  Descriptor process_;
};

}  // namespace weir
