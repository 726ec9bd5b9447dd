// Probes the servers of every upstream that has a check, each at its interval, spread over time so
// that a thousand servers are not probed at once, and lets their health know. Says so once when a
// server's state changes, whatever changed it: checks, ejection by flows, or the operator.
//
// One, owned by InForce; main thread.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "loop/loop.h"
#include "weir/upstream.h"

namespace weir {

class Checker {
 public:
  Checker(Loop& loop, Log& log, Mark bypass);
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // The upstreams in force now. Servers that stay are probed on without a break.
  void follow(std::span<const std::shared_ptr<Upstream>> upstreams);

  // Looks for changes now; else within a second.
  void observe();

 private:
  class Schedule;

  Loop& loop_;
  Log& log_;
  Mark bypass_;
  std::vector<std::shared_ptr<Upstream>> upstreams_;
  std::map<const Server*, std::unique_ptr<Schedule>> schedules_;
  std::size_t begun_ = 0;  // schedules, ever
  Timer watch_;
};

}  // namespace weir
