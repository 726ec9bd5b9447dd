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
    bool coalesced = false;             // whether the worker did wait before it
    std::optional<bool> spin_hit =
        std::nullopt;  // whether it found something, where it spun before it
  };

  // What to do before the next turn.
  struct Wait {
    std::optional<Instant> coalesce_until = std::nullopt;  // no turn should begin before that
    std::chrono::microseconds spin_for{0};                 // how long to spin before sleeping
    bool operator==(const Wait&) const = default;
  };

  // After a turn that began at `began`.
  Wait after_turn(Instant began, const Work& work);

 private:
  // Something that is tried as long as it pays.
  struct Heuristic {
    static constexpr int min_backoff = 64;
    int skip = 0;               // turns until it is tried again
    int backoff = min_backoff;  // how many the next time, should it fail once more
    bool allowed();
    void failed();
    void succeeded();
  };

  void judge_spin(bool found);

  Heuristic coalesce_;
  Heuristic spin_;
  int hits_ = 0;  // spins of late that found something, less those in vain
};

}  // namespace weir
