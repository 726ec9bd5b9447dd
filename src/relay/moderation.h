// Interrupt moderation for a worker: while much is moving, its turns are kept apart, so that each
// finds more to do. No I/O, no clock.
//
// Owned by the worker; its thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "weir/units.h"

namespace weir {

class Moderation {
 public:
  // What a turn has moved.
  struct Work {
    std::uint64_t bulk_bytes = 0;       // of TCP, by splice
    std::uint64_t datagrams = 0;        // received; what a GSO sender sends at once is one
    std::uint64_t large_datagrams = 0;  // of them
    std::uint64_t merged = 0;           // datagrams that left in another's message
    bool rested = false;                // whether the worker did wait before it
    std::optional<bool> look_found = std::nullopt;  // something, where it looked before it
  };

  // What to do before the next turn.
  struct Pause {
    std::optional<Instant> rest_until = std::nullopt;  // no turn should begin before that
    std::chrono::microseconds look_for{0};             // how long to look for more before sleeping
    bool operator==(const Pause&) const = default;
  };

  // After a turn that began at `began`.
  Pause after_turn(Instant began, const Work& work);

 private:
  // Something that is tried as long as it pays.
  struct Trial {
    static constexpr int least_patience = 64;
    int skip = 0;                   // turns until it is tried again
    int patience = least_patience;  // how many the next time, should it fail once more
    bool may();
    void failed();
    void succeeded();
  };

  void judge_look(bool found);

  Trial rest_;
  Trial look_;
  int found_ = 0;  // looks of late that found something, less those in vain
};

}  // namespace weir
