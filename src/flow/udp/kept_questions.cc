#include "flow/udp/kept_questions.h"

#include <algorithm>

namespace weir {

void KeptQuestions::keep(std::uint64_t flow, std::uint64_t answers,
                         std::span<const std::uint8_t> payload) {
  if (payload.size() > largest) {
    return;
  }
  if (!ring_.empty() && ring_[newest_].flow == flow && ring_[newest_].answers == answers) {
    return;  // only the first one of a burst
  }
  if (ring_.size() < most) {
    newest_ = ring_.size();
    ring_.emplace_back();
  } else {
    newest_ = (newest_ + 1) % most;
  }
  Question& question = ring_[newest_];
  question.flow = flow;
  question.answers = answers;
  question.payload.assign(payload.begin(), payload.end());
  question.tried.clear();
}

KeptQuestions::Question* KeptQuestions::find(std::uint64_t flow, std::uint64_t answers) {
  const auto found = std::find_if(ring_.begin(), ring_.end(), [&](const Question& question) {
    return question.flow == flow && question.answers == answers;
  });
  return found == ring_.end() ? nullptr : &*found;
}

}  // namespace weir
