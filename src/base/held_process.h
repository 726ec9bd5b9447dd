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
  // It can be ended by us; else the kernel knows no such thing, or we may not look there.
  [[nodiscard]] bool is_held() const { return process_.valid(); }
  // Ends it at once: it runs no more when we come back, unless the kernel itself is stuck with it
  // (a dead disk) until then, and then it runs no more after that. REQUIRES: is_held().
  void end(Milliseconds patience) const;

 private:
  pid_t pid_ = 0;
  Descriptor process_;
};

}  // namespace weir
