// What came back of what was asked over UDP, within the measured stretch: how many, how late, how
// many never did, and how many were not what had been asked for.
#pragma once

#include <chrono>
#include <cstdint>

#include "histogram.h"
#include "ledger.h"
#include "observation.h"

namespace load {

class Answers {
 public:
  void came_after(std::chrono::nanoseconds latency) {
    latencies_.record(latency);
    ++answered_;
  }
  void lost() { ++lost_; }
  void corrupt() { ++corrupt_; }

  // Calls `turn` until the observation is over; prints what happened in it.
  template <typename Turn>
  void measure(Observation& observation, const Ledger& ledger, Turn&& turn) {
    observation.start();
    std::uint64_t answered_at_begin = 0;
    std::uint64_t lost_at_begin = 0;
    auto phase = Observation::Phase::warmup;
    while (phase != Observation::Phase::over) {
      turn();
      phase = observation.advance(
          Clock::now(),
          [&] {
            answered_at_begin = answered_;
            lost_at_begin = lost_;
            latencies_.clear();
          },
          [&] { answered_ -= answered_at_begin, lost_ -= lost_at_begin; });
    }
    print(observation, ledger);
  }

 private:
  void print(const Observation& observation, const Ledger& ledger) const;

  Histogram latencies_;
  std::uint64_t answered_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t corrupt_ = 0;
};

}  // namespace load
