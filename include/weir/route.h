// What a policy answers: how one flow is reached. A plain value of one attempt, owned by its dial
// or probe and used on that one's thread; nothing in it moves bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/datagram_codec.h"
#include "weir/endpoint.h"
#include "weir/flow.h"
#include "weir/handshake.h"
#include "weir/target.h"
#include "weir/units.h"

namespace weir {

class Server;
class Upstream;

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
  std::optional<Mark> mark;          // besides the bypass-mark
  std::string interface;             // SO_BINDTODEVICE; empty: none
  std::optional<std::uint8_t> dscp;  // none: as the client's packets have it
  friend bool operator==(const SocketOptions&, const SocketOptions&) = default;
};

// Where a relay that a server opens may be: at the server's own address, or wherever it says.
enum class RelayPlace : std::uint8_t { at_server, anywhere };

// Where the router's policy rules would send the flow if it were forwarded, which a socket has to
// be told: by an interface, or with a mark that one of the rules looks at.
struct Egress {
  std::uint32_t interface = 0;  // its number; 0: whatever the socket finds
  Mark mark{0, 0};
  friend bool operator==(const Egress&, const Egress&) = default;
};

// One hop of a proxy chain: the server that answers, and the handshake.
struct Hop {
  std::shared_ptr<Server> server;  // null: the flow's own destination
  std::string upstream;            // the server's
  std::unique_ptr<Handshake> handshake;
  RelayPlace relay = RelayPlace::at_server;
  // To be connected to; port 0: it asks for no connection, or to a server by its name alone.
  Endpoint asks = {};
  bool asks_by_host = false;  // what its server is told of that is the flow's host
};

// A format of datagrams, and where the datagrams in it are to go.
struct EncapsulationLayer {
  const DatagramCodec* codec = nullptr;  // owned by the upstream
  Target target;
};

struct Route {
  enum class Verdict : std::uint8_t {
    dial,       // connect or send to `remote`
    reject,     // RST, ICMP port unreachable
    drop,       // silence
    no_server,  // no server to send it to: `end=no-server`
  };
  // UDP: how datagrams travel. With `relay`, `remote` is connected to by TCP, and the last hop's
  // handshake learns where datagrams go for as long as that connection lives.
  enum class Transport : std::uint8_t { direct, udp_associate };

  Verdict verdict = Verdict::dial;
  Endpoint remote;
  std::string host;  // of `remote`, when it has no address here: only something `via` can reach it
  // Further addresses of the same server, best first, families alternating (RFC 8305, section 4).
  std::vector<Address> alternates = {};
  Source source;
  const SocketOptions* options = nullptr;  // owned by the upstream; never null with `dial`
  Egress egress;                           // where `options` say neither mark nor interface
  std::shared_ptr<Server> server;          // null where the policy has no servers
  const Upstream* member = nullptr;        // of a group: the one that gave the route, owned by it
  // The server at `remote`, where that is not `server`: the first one of a chain, and its upstream.
  std::shared_ptr<Server> first_hop;
  std::string first_hop_upstream;
  std::vector<Hop> hops;  // TCP, and a relay's connection: in order of travel
  Transport transport = Transport::direct;
  std::vector<EncapsulationLayer> layers;  // UDP: the outermost first
};

}  // namespace weir
