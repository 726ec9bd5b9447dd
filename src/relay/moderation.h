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
    bool rested = false;                // whether the worker did wait before it
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
  void judge(const Work& work);

  int skip_ = 0;       // turns until the next trial
  int patience_ = 64;  // turns that pass before the next one, should this one fail, too
};

}  // namespace weir
