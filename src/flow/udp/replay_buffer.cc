#include "flow/udp/replay_buffer.h"

#include <algorithm>

namespace weir {

void ReplayBuffer::keep(std::uint64_t flow, std::uint64_t answers,
                        std::span<const std::uint8_t> payload) {
  if (payload.size() > largest) {
    return;
  }
  if (!ring_.empty() && ring_[newest_].flow == flow && ring_[newest_].answers == answers) {
    return;  // only the first one of a burst
  }
  if (ring_.size() < max) {
    newest_ = ring_.size();
    ring_.emplace_back();
  } else {
    newest_ = (newest_ + 1) % max;
  }
  Entry& entry = ring_[newest_];
  entry.flow = flow;
  entry.answers = answers;
  entry.payload.assign(payload.begin(), payload.end());
  entry.tried.clear();
}

ReplayBuffer::Entry* ReplayBuffer::find(std::uint64_t flow, std::uint64_t answers) {
  const auto found = std::find_if(ring_.begin(), ring_.end(), [&](const Entry& entry) {
    return entry.flow == flow && entry.answers == answers;
  });
  return found == ring_.end() ? nullptr : &*found;
}

}  // namespace weir
