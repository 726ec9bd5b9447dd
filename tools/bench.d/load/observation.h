// The stretch of time that is measured, and what the machine did in it: CPU time of the gateway's
// processes (from schedstat of each thread, in nanoseconds; the softirq work that the gateway's own
// sends set off runs in its context and is in it), how busy each core was, and what share of time
// the host took away (steal). It is taken by the client itself, at the very moments between which
// it counts; a reader outside would measure its own start and stop too.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "options.h"
#include "report.h"

namespace load {

using Clock = std::chrono::steady_clock;

class Observation {
 public:
  explicit Observation(const Options& options);

  // True from the end of the warm-up until the measured time is over. Cheap; calls begin/finish.
  enum class Phase { warmup, measuring, over };
  // `opened` and `closed` are called at the two ends of the measured stretch.
  template <typename Opened, typename Closed>
  Phase advance(Clock::time_point now, Opened&& opened, Closed&& closed) {
    if (phase_ == Phase::warmup && now >= begin_at_) {
      begin();
      opened();
    } else if (phase_ == Phase::measuring && now >= end_at_) {
      end();
      closed();
    }
    return phase_;
  }
  // Starts the warm-up: everything that is to be open is open now.
  void start();

  // seconds, gateway_us (CPU), busy shares of core 0 and 1, steal share.
  void add_to(Report& report) const;
  [[nodiscard]] double seconds() const;

 private:
  struct Sample {
    Clock::time_point at;
    std::uint64_t gateway_ns = 0;
    std::vector<std::uint64_t> busy;  // per core, in ticks; iowait is idle
    std::uint64_t steal = 0;
  };
  Sample sample() const;
  void begin();
  void end();

  std::vector<int> watched_;
  std::chrono::nanoseconds warmup_;
  std::chrono::nanoseconds length_;
  Clock::time_point begin_at_;
  Clock::time_point end_at_;
  Phase phase_ = Phase::warmup;
  Sample first_;
  Sample last_;
};

}  // namespace load
