// SRV records (RFC 2782) out of a DNS reply's bytes, which come from strangers: whatever does not
// add up is an error, never a read beyond the end.
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
  std::chrono::seconds ttl{0};  // the shortest
  std::string error;
};

[[nodiscard]] ServiceAnswer parse_srv_reply(std::span<const std::uint8_t> reply);

}  // namespace weir
