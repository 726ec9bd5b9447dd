// See histogram.h.
#include "histogram.h"

#include <bit>

namespace load {

std::size_t Histogram::bucket_of(std::uint64_t value) {
  if (value < kSteps) return static_cast<std::size_t>(value);
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
  // The top bit is implied by the row; the next kStepBits bits are the column.
  return (shift + 1) * kSteps + static_cast<std::size_t>((value >> shift) - kSteps);
}

std::uint64_t Histogram::upper_bound_of(std::size_t bucket) {
  if (bucket < kSteps) return bucket;
  const auto shift = static_cast<unsigned>(bucket / kSteps) - 1;
  return ((bucket % kSteps + kSteps + 1) << shift) - 1;
}

void Histogram::record(std::chrono::nanoseconds latency) {
  const auto value = latency.count() < 0 ? 0 : static_cast<std::uint64_t>(latency.count());
  ++counts_[bucket_of(value)];
  ++total_;
}

void Histogram::clear() {
  counts_.fill(0);
  total_ = 0;
}

std::chrono::nanoseconds Histogram::percentile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (counts_[bucket] != 0 && seen >= wanted) {
      return std::chrono::nanoseconds(upper_bound_of(bucket));
    }
  }
  return std::chrono::nanoseconds(0);
}

}  // namespace load
