// Latencies, as counts in logarithmic buckets of 32 linear steps each: recording is an increment,
// and a percentile is at most 3 % off, which is less than two runs differ by.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace load {

class Histogram {
 public:
  void record(std::chrono::nanoseconds latency);
  void clear();
  // The latency that `share` (0 to 1) of the recorded ones do not exceed; 0 when none is recorded.
  [[nodiscard]] std::chrono::nanoseconds percentile(double share) const;

 private:
  static constexpr unsigned kStepBits = 5;
  static constexpr unsigned kSteps = 1U << kStepBits;
  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t upper_bound_of(std::size_t bucket);

  std::array<std::uint64_t, 64 * kSteps> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace load
