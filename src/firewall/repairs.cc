#include "firewall/repairs.h"

namespace weir::firewall {

bool Repairs::may_repair(Instant now) {
  while (!recent_.empty() && now - recent_.front() > within) {
    recent_.pop_front();
  }
  stopped_ = stopped_ || recent_.size() >= max;
  if (stopped_) {
    return false;
  }
  recent_.push_back(now);
  ++total_;
  return true;
}

void Repairs::came_to_nothing() {
  if (!recent_.empty()) {
    recent_.pop_back();
    --total_;
  }
}

}  // namespace weir::firewall
