// What a gateway tells its successor: plain values, and the bytes they become. Descriptors travel
// beside the bytes, in the order in which the values name them.
//
// Raise `version` with every change of the layout: a gateway and a successor of different versions
// refuse each other, and the old one goes on.
//
// Plain values, no I/O. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/traffic.h"
#include "weir/endpoint.h"
#include "weir/host.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir::takeover {

inline constexpr std::uint32_t version = 6;

// The first thing said. Its layout never changes.
struct Hello {
  std::uint32_t version = 0;
  std::string program;  // "0.1.0"
  friend bool operator==(const Hello&, const Hello&) = default;
};

// A worker of the gateway: its listeners come as descriptors (first TCP, then UDP; of which family
// each is, the socket knows).
struct WorkerPart {
  // What flows are counted for: the rule, its upstream, the group's member, and how it maps.
  struct RuleBinding {
    std::string rule;
    std::string upstream;
    std::string member = {};  // empty: the upstream is no group
    bool per_client = false;
    friend bool operator==(const RuleBinding&, const RuleBinding&) = default;
  };
  struct ServerName {
    std::string upstream;
    std::string name;
    std::string host;
    Port port = 0;
    friend bool operator==(const ServerName&, const ServerName&) = default;
  };
  std::uint16_t tcp_listeners = 0;
  std::uint16_t udp_listeners = 0;
  std::vector<RuleBinding> bindings;
  std::vector<ServerName> servers;
  std::uint32_t sockets = 0;  // so many follow
  std::uint32_t flows = 0;
  friend bool operator==(const WorkerPart&, const WorkerPart&) = default;
};

// The number that stands for no server.
inline constexpr std::uint32_t nobody = UINT32_MAX;

// The relay that a socket's datagrams go through.
struct RelayPart {
  Endpoint endpoint;
  Endpoint server;  // the connection's peer
  Endpoint local;   // the connection's own end
  std::uint32_t mtu = 0;
  friend bool operator==(const RelayPart&, const RelayPart&) = default;
};

// A server-side UDP socket: one descriptor, and one more of the connection that its relay lives by.
struct SocketPart {
  Endpoint client;
  std::uint32_t binding = 0;  // in WorkerPart::bindings; of the flows that new peers open
  Endpoint local;
  std::uint8_t generation = 0;
  bool only_one_flow = false;
  bool tuned = false;
  std::vector<std::string> codecs;  // by their names, the outermost first
  std::optional<RelayPart> relay;
  friend bool operator==(const SocketPart&, const SocketPart&) = default;
};

// What stands before the payload of a flow's datagrams.
struct UdpEncapsulation {
  std::string first;  // before the first one
  std::string later;  // before the others
  bool begun = false;
  Endpoint peer;                    // the peer that answers, as a relay names it; port 0: any
  std::uint64_t room = UINT64_MAX;  // payload bytes that fit one packet without a header
  // Of the relay, where the flow waited for one; -1: unknown.
  std::int64_t connect_us = -1;
  std::int64_t handshake_us = -1;
  friend bool operator==(const UdpEncapsulation&, const UdpEncapsulation&) = default;
};

struct FlowPart {
  std::uint32_t socket = 0;  // in the order in which the worker's sockets came
  std::uint32_t binding = 0;
  std::uint32_t server = nobody;
  std::uint64_t number = 0;  // of its id
  Endpoint client;
  Endpoint destination;
  std::uint32_t interface = 0;
  Endpoint remote;
  Endpoint source;
  std::uint8_t generation = 0;
  std::uint16_t attempts = 0;
  Instant opened;
  Instant last_activity;
  bool answered = false;
  bool waiting = false;
  bool is_foreign = false;  // on port 53, and no DNS
  bool is_track_lost = false;
  std::array<std::uint32_t, 3> queries{};  // that wait for their answers
  std::int32_t first_byte_us = -1;         // -1: none came yet
  Traffic traffic;
  std::string path;    // empty: the server's name does
  std::string device;  // what the client's is called; empty: not known
  std::optional<Host> host;
  std::optional<UdpEncapsulation> encapsulation;
  friend bool operator==(const FlowPart&, const FlowPart&) = default;
};

// The last message: shows that nothing is missing, and since when the gateway is paused.
struct Ending {
  std::uint32_t workers = 0;
  std::vector<std::uint64_t> last_numbers;  // of every series of flow ids
  Instant paused;
  friend bool operator==(const Ending&, const Ending&) = default;
};

[[nodiscard]] std::string encode(const Hello& hello);
[[nodiscard]] std::string encode(const WorkerPart& worker);
[[nodiscard]] std::string encode(std::span<const SocketPart> sockets);
[[nodiscard]] std::string encode(std::span<const FlowPart> flows);
[[nodiscard]] std::string encode(const Ending& ending);

// An error for bytes that no gateway of this version writes.
[[nodiscard]] Result<Hello> decode_hello(std::string_view body);
[[nodiscard]] Result<WorkerPart> decode_worker(std::string_view body);
[[nodiscard]] Result<std::vector<SocketPart>> decode_sockets(std::string_view body);
[[nodiscard]] Result<std::vector<FlowPart>> decode_flows(std::string_view body);
[[nodiscard]] Result<Ending> decode_ending(std::string_view body);

}  // namespace weir::takeover
