// SRV records (RFC 2782) out of a DNS reply's bytes, which come from strangers: whatever does not
// add up is an error, never a read beyond the end. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weir/service.h"

namespace weir {

// What one lookup brought. No targets: `error` says why.
struct ServiceAnswer {
  std::vector<Service::Target> targets;
  std::size_t left_out = 0;     // records beyond the bounds
  std::chrono::seconds ttl{0};  // the shortest
  std::string error;
};

// Of the targets only the first by priority are taken, so that no answer costs more than a service
// of a sensible size: each is a server, with questions of its own and a place in every worker's
// layout.
inline constexpr std::size_t max_targets = 256;
inline constexpr std::size_t max_priorities = 8;

[[nodiscard]] ServiceAnswer parse_srv_reply(std::span<const std::uint8_t> reply);

}  // namespace weir
