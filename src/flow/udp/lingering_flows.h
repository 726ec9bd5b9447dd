// DNS flows that have their answer and wait for a second one (a repeated answer, or another query
// from the same port), in the order of their answers: where they become too many, the oldest end
// before their second is over.
//
// One per worker, in its Lingering; its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "flow/udp/udp_flow.h"

namespace weir {

class LingeringFlows {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  // REQUIRES: there are some.
  [[nodiscard]] UdpFlow& oldest() const { return *slots_.front(); }

  // REQUIRES: it is not among them.
  void add(UdpFlow& flow) {
    if (slots_.empty() && first_ == 0) {
      first_ = 1;
    }
    flow.answered = first_ + static_cast<std::uint32_t>(slots_.size());
    if (flow.answered == 0) {  // the count has come round, and 0 says "none"
      slots_.push_back(nullptr);
      ++flow.answered;
    }
    slots_.push_back(&flow);
    ++size_;
  }

  void remove(UdpFlow& flow) {
    if (flow.answered == 0) {
      return;
    }
    slots_[flow.answered - first_] = nullptr;
    flow.answered = 0;
    --size_;
    while (!slots_.empty() && slots_.front() == nullptr) {
      slots_.pop_front();
      ++first_;
    }
  }

 private:
  std::deque<UdpFlow*> slots_;  // null: answered no longer; never in front
  std::uint32_t first_ = 1;     // the place in front
  std::size_t size_ = 0;
};

}  // namespace weir
