// The value of a `server` key: `[NAME=]HOST[:PORT] [weight=N]`.
#pragma once

#include <string>

#include "weir/result.h"
#include "weir/server.h"
#include "weir/settings.h"

namespace weir {

struct ServerKey {
  std::string name;  // as given, else HOST[:PORT]
  std::string host;
  Port port = 0;  // 0: the flow's destination port
  int weight = 1;
};

inline constexpr int most_weight = 256;

[[nodiscard]] Result<ServerKey> parse_server(const Value& value);

}  // namespace weir
