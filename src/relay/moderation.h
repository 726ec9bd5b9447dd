// Interrupt moderation for a worker: while much is moving, its turns are kept apart, so that each
// finds more to do. No I/O, no clock.
//
// Owned by the worker; its thread.
#pragma once

#include <cstdint>
#include <optional>

#include "weir/units.h"

namespace weir {

class Moderation {
 public:
  // What a turn has moved.
  struct Work {
    std::uint64_t bulk_bytes = 0;  // of TCP, by splice
    std::uint64_t datagrams = 0;   // received; a run of a GSO sender is one
    bool rested = false;           // whether the worker did wait before it
  };

  // Until when, after a turn that began at `began`, no other should begin; nothing: the next may
  // begin with the next event.
  std::optional<Instant> after_turn(Instant began, const Work& work);

 private:
  int skip_ = 0;  // turns after which we try again
};

}  // namespace weir
