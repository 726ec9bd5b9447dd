// Which flows were refused a moment ago, so that a client that keeps sending, or connecting, gets
// one record and not one per datagram or attempt; each is counted all the same. A small table that
// forgets: two flows on one place cost a record too many, nothing else.
//
// One per worker and protocol; the worker's thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "weir/units.h"

namespace weir {

class Refusals {
 public:
  static constexpr std::chrono::seconds remembered{10};

  // True the first time in a while.
  bool is_news(std::uint64_t flow_hash, Instant now) {
    Entry& entry = entries_[flow_hash % entries_.size()];
    const bool known = entry.hash == flow_hash && now < entry.until;
    entry = {flow_hash, now + remembered};
    return !known;
  }

 private:
  struct Entry {
    std::uint64_t hash = 0;
    Instant until;
  };
  std::array<Entry, 4096> entries_{};
};

}  // namespace weir
