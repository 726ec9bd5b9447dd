// How many descriptors the process may have open (RLIMIT_NOFILE), and the few that flows cannot
// get: a gateway that has none left for its flows still answers the operator who asks it why.
//
// Process-wide; main thread.
#pragma once

#include <cstdint>

namespace weir {

// Raises the limit as far as the system lets us, but for the spare ones; returns what it is now.
// REQUIRES: one thread, before anything else here.
std::uint64_t raise_descriptor_limit();

// While one lives the process may open the spare descriptors, too: what was opened stays open.
// Other threads may do so in the meantime; it is to be short. One thread only, and not nested.
class SpareDescriptors {
 public:
  SpareDescriptors();
  ~SpareDescriptors();
  SpareDescriptors(const SpareDescriptors&) = delete;
  SpareDescriptors& operator=(const SpareDescriptors&) = delete;
};

}  // namespace weir
