// What the headers of a client's SYN say (TCP_SAVED_SYN gives them, from the IP header on).
//
// A pure function; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "weir/endpoint.h"

namespace weir {

struct SavedSyn {
  Endpoint destination;
  std::uint8_t dscp = 0;
};

// None: not a whole SYN, one behind extension headers, or to a link-local address.
[[nodiscard]] std::optional<SavedSyn> parse_syn(std::span<const std::uint8_t> headers);

}  // namespace weir
