// See pattern.h. The block is filled by a xorshift generator with a fixed seed: both ends compute
// the same one, and no two places of it look alike.
#include "pattern.h"

#include <algorithm>
#include <cstring>

namespace load {

Pattern::Pattern() {
  std::uint64_t state = 0x9e3779b97f4a7c15;
  for (std::size_t i = 0; i < kPeriod; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    bytes_[i] = static_cast<std::byte>(state >> 56);
  }
  for (std::size_t i = kPeriod; i < sizeof bytes_; ++i) bytes_[i] = bytes_[i - kPeriod];
}

std::span<const std::byte> Pattern::at(std::uint64_t offset, std::size_t size) const {
  return {bytes_ + offset % kPeriod, std::min(size, kLongest)};
}

bool Pattern::matches(std::uint64_t offset, std::span<const std::byte> data) const {
  while (!data.empty()) {
    // No longer than the period at a time: the compared side then stays in the first-level cache.
    const std::size_t size = std::min(data.size(), kPeriod);
    if (std::memcmp(at(offset, size).data(), data.data(), size) != 0) return false;
    offset += size;
    data = data.subspan(size);
  }
  return true;
}

const Pattern& pattern() {
  static const Pattern only;
  return only;
}

}  // namespace load
