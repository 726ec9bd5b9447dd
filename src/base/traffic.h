// What flows moved: the one list of it, for what counts it, keeps it or tells of it. A further
// count is a field and a line of each_count() here; records, reports and the API name it where they
// show it.
//
// Values. Any thread.
#pragma once

#include <cstdint>

namespace weir {

// Up is from client to server. Bytes are payload; packets are UDP datagrams, none for TCP.
template <typename Count>
struct TrafficOf {
  Count bytes_up{};
  Count bytes_down{};
  Count packets_up{};
  Count packets_down{};

  friend bool operator==(const TrafficOf&, const TrafficOf&) = default;
};

// Calls `visit` for each count: with that of all that are given.
template <typename Visit, typename... Traffics>
void each_count(Visit visit, Traffics&... traffic) {
  visit(traffic.bytes_up...);
  visit(traffic.bytes_down...);
  visit(traffic.packets_up...);
  visit(traffic.packets_down...);
}

struct Traffic : TrafficOf<std::uint64_t> {
  Traffic& operator+=(const Traffic& more) {
    each_count([](std::uint64_t& to, const std::uint64_t& from) { to += from; }, *this, more);
    return *this;
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_up + bytes_down; }
  friend bool operator==(const Traffic&, const Traffic&) = default;
};

// What is told of the flows of a rule, of an upstream or of a server.
struct FlowCounts : Traffic {
  std::uint64_t flows = 0;  // ever
  std::uint64_t live = 0;   // now

  FlowCounts& operator+=(const FlowCounts& more) {
    Traffic::operator+=(more);
    flows += more.flows;
    live += more.live;
    return *this;
  }
};

}  // namespace weir
