// What a route is for: a flow's destination, or with `via` the next server. Plain values; any
// thread.
#pragma once

#include <cstdint>
#include <string>

#include "weir/endpoint.h"

namespace weir {

struct Target {
  enum class Kind : std::uint8_t {
    server,       // of an upstream
    destination,  // the flow's own, which its client may know by a name (Flow::host)
  };
  Endpoint endpoint;
  // Its name, where one is known: then that is passed on, and resolved as far along as possible.
  std::string host;
  Kind kind = Kind::server;
  friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace weir
