// The flow record: what a flow was, how it ended and what it cost. One line when the flow ends, and
// the same fields for the list of live flows. The keys are those of the user's contract, in JSON in
// its order; text begins with what an operator looks for first.
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/traffic.h"
#include "base/wall_time.h"
#include "weir/flow.h"

namespace weir {

enum class End : std::uint8_t {
  closed,
  client_reset,
  server_reset,
  connect_failed,
  connect_timeout,
  handshake_failed,
  no_server,
  rejected,
  dropped,
  limit,
  loop,
  idle,
  half_closed_timeout,
  killed,
  drained,
  invalid_destination,
  no_route,
  time_over,
  bug,
};

[[nodiscard]] std::string_view name_of(End end);            // "client-reset"
[[nodiscard]] std::string_view name_of(Protocol protocol);  // "tcp"
// True for ends that `log = errors` writes.
[[nodiscard]] bool is_error(End end);

struct FlowRecord : Traffic {
  static constexpr std::int64_t unknown = -1;  // of the *_ms fields: has not happened

  WallTime time;    // of its end
  WallTime opened;  // before that by the duration, however the clock was set meanwhile
  std::string id;
  Protocol protocol = Protocol::tcp;
  Endpoint client;
  Endpoint destination;
  std::string device;               // the client's: its name, else its MAC
  std::string host;                 // that the client has named
  std::string_view host_from = {};  // text_of(HostFrom)
  bool has_ech = false;             // the host is only the outer one
  std::string rule;
  std::string upstream;
  std::string member;  // of a group: the one that took the flow
  std::string server;
  std::string server_address;  // "address:port", empty where none was reached
  std::string source;          // "address:port" that the upstream side sees
  // In microseconds since the flow opened; written as milliseconds with three decimals.
  std::int64_t connect_us = unknown;
  std::int64_t handshake_us = unknown;
  std::int64_t first_byte_us = unknown;
  std::int64_t duration_us = 0;
  std::uint32_t attempts = 0;
  bool live = false;  // in a list of flows: it has not ended; no `time`, `end` and `error`
  End end = End::closed;
  std::string error;  // one phrase: "connection refused", "max-flows of rule web"
};

// Text: `TIME flow tcp C -> D rule=… upstream=… server=… key=value …`; values with spaces, quotes
// or control characters are quoted and escaped (base/escape.h), empty ones left out, and so are the
// datagram counts of TCP. No newline at the end.
void append_text(std::string& out, const FlowRecord& record);
// JSON: one object with every key but an unknown `device`; absent strings are "", absent times
// null; a live flow has no `time`, no `end` and no `error`. No newline at the end.
void append_json(std::string& out, const FlowRecord& record);

}  // namespace weir
