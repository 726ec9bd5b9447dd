// The time of day, for people and for other machines' records: RFC 3339, UTC, milliseconds.
// Timeouts and durations know nothing of it (weir/units.h, Instant): it is set, and steps back.
//
// Values, any thread; a WallClock is one worker's, on its thread.
#pragma once

#include <chrono>
#include <string>

#include "weir/units.h"

namespace weir {

using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

[[nodiscard]] WallTime wall_now();

// "2026-11-21T04:08:00.123Z"
void append_rfc3339(std::string& out, WallTime time);

// What the time of day was at an instant of a turn. Both clocks are read together, once for each
// instant that is asked for: a worker's flows that end in one turn share the reading.
class WallClock {
 public:
  struct Reading {
    Instant instant;
    WallTime wall;
  };
  using Read = Reading (*)();
  static Reading read_clocks();

  explicit WallClock(Read read = read_clocks) : read_(read) {}
  [[nodiscard]] WallTime at(Instant instant);

 private:
  Read read_;
  Instant asked_;
  WallTime answer_;
};

}  // namespace weir
