// The value of a `server` key:
// `[NAME=]HOST[:PORT] [weight=N] [backup] [max-flows=N] [source=ADDRESS|client|…]`.
// HOST is an address, a name, or `srv:_service._proto.name`.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "weir/result.h"
#include "weir/route.h"
#include "weir/server.h"
#include "weir/settings.h"

namespace weir {

struct ServerKey {
  std::string name;  // as given, else HOST[:PORT]
  enum class Kind : std::uint8_t { host, service } kind = Kind::host;
  std::string host;  // of a service: its name, without `srv:`
  Port port = 0;     // 0: the flow's destination port
  int weight = 1;
  enum class Role : std::uint8_t { regular, backup } role = Role::regular;
  std::uint64_t max_flows = 0;   // 0: any number
  std::optional<Source> source;  // none: the upstream's
};

inline constexpr int max_weight = 256;

[[nodiscard]] Result<ServerKey> parse_server(const Value& value);

// gateway, client, client:port or an address; the error has no place.
[[nodiscard]] Result<Source> parse_source(const std::string& text);

}  // namespace weir
