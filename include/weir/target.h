// What a route is for: a flow's destination, or with `via` the next server. Plain values; any
// thread.
#pragma once

#include <string>

#include "weir/endpoint.h"

namespace weir {

struct Target {
  Endpoint endpoint;
  // Its name, where one is known: then that is passed on, and resolved as far along as possible.
  std::string host;
  friend bool operator==(const Target&, const Target&) = default;
};

}  // namespace weir
