// DNS over TCP: the connections to port 53 whose answers are looked at on their way to the client.
// They are copied, never spliced; others cost a look at one bit.
//
// One per worker, lent to its TCP flows; its thread. Only while some rule asks for the host as the
// connection is made: one that stands when such a rule comes is not looked at. After a takeover
// those that finish with the old gateway teach nothing to the new one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>

#include "flow/dns_lookups.h"
#include "relay/tcp_relay.h"
#include "sniff/dns_stream.h"
#include "weir/endpoint.h"
#include "weir/flow.h"

namespace weir {

class DnsConnections {
 public:
  explicit DnsConnections(DnsLookups& lookups) : lookups_(lookups) {}

  // Watches the relay of a flow to port 53. REQUIRES: it has moved nothing yet.
  void begin(TcpRelay& relay, const Flow& flow);
  // What the server says next, before the client has it.
  void take(const TcpRelay& relay, std::span<const std::uint8_t> piece);
  // The relay is about to go.
  void end(const TcpRelay& relay);
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  struct Connection {
    Address client;
    DnsStream answers;
  };

  DnsLookups& lookups_;
  std::unordered_map<const TcpRelay*, Connection> all_;
};

}  // namespace weir
