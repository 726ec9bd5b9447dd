// What a policy answers: how one flow is reached. A plain value; nothing in it moves bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/endpoint.h"
#include "weir/flow.h"
#include "weir/units.h"

namespace weir {

class Server;

// The address that the upstream side sees.
enum class SourceKind : std::uint8_t {
  gateway,      // whatever address the router's routing picks
  client,       // the client's address, any port
  client_port,  // the client's address and port; falls back to `client` when taken
  address,      // a fixed address of the router
};

struct Source {
  SourceKind kind = SourceKind::gateway;
  Address address;  // of kind `address`
  friend bool operator==(const Source&, const Source&) = default;
};

// Marks of every socket towards the upstream.
struct SocketOptions {
  std::optional<Mark> mark;  // besides the bypass-mark
  std::string interface;     // SO_BINDTODEVICE; empty: none
  std::optional<std::uint8_t> dscp;
  friend bool operator==(const SocketOptions&, const SocketOptions&) = default;
};

struct Route {
  enum class Verdict : std::uint8_t {
    dial,       // connect or send to `remote`
    reject,     // RST, ICMP port unreachable
    drop,       // silence
    no_server,  // nobody to send it to: `end=no-server`
  };
  Verdict verdict = Verdict::dial;
  Endpoint remote;
  // Further addresses of the same server, best first, families alternating (RFC 8305, section 4).
  std::vector<Address> more = {};
  Source source;
  const SocketOptions* options = nullptr;  // owned by the upstream; never null with `dial`
  std::shared_ptr<Server> server;          // null where the policy has no servers
};

}  // namespace weir
