// How one worker's loop is doing: a plain value. Any thread.
#pragma once

#include <cstdint>

#include "base/histogram.h"

namespace weir {

// The loop of one worker: how long its turns took. While a turn lasts, all other flows wait.
struct WorkerReport {
  Histogram::Sum turns;
  std::int64_t longest_turn_us = 0;    // since start
  std::int64_t longest_reload_us = 0;  // of the worker's own time, since start
  std::uint64_t bulk_directions = 0;   // of TCP flows that move bulk, or are stuck with it
};

}  // namespace weir
