// Tries TCP connections side by side, with the bypass-mark, so that the rules under examination
// leave them alone. No state; blocks for the caller's timeout. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir::doctor {

struct Attempt {
  Endpoint remote;
  Address source = {};  // unspecified: whichever routing picks
  enum class Outcome : std::uint8_t {
    none,
    connected,
    refused,
    silent,
    failed
  } outcome = Outcome::none;
  std::string error = {};  // of `failed`
};

// Fills in the outcomes; takes as long as the slowest, at most `timeout`.
void try_connects(std::span<Attempt> attempts, Mark bypass, Milliseconds timeout);

}  // namespace weir::doctor
