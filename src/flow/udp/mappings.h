// Server-side sockets that serve any peer (RFC 4787: endpoint-independent mappings), found by the
// client that they belong to, the upstream, and the egress that policy rules chose. What policy
// rules send by another egress has another socket, and another port there.
//
// A mapping whose last flow an ICMP error ended is parked: it stays, without a flow, until its time
// is over (REQ-10).
//
// Sockets are ServerSockets'. One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "base/chained_table.h"
#include "flow/udp/parked_mapping.h"
#include "flow/udp/udp_flow.h"
#include "weir/route.h"
#include "weir/upstream.h"

namespace weir {

class Mappings {
 public:
  // Null: there is none.
  [[nodiscard]] UdpSocket* find(const Endpoint& client, const Upstream& upstream,
                                const Egress& egress) const;
  // Lets the client's other flows use the socket, too.
  void share(UdpSocket& socket);
  // The socket is about to go.
  void forget(UdpSocket& socket);

  // The egress that policy rules chose for a socket, a mapping or not.
  void note_egress(const UdpSocket& socket, const Egress& egress);
  [[nodiscard]] Egress egress_of(const UdpSocket& socket) const;

  // The mapping is parked, until `all` releases it at `until`. REQUIRES: it is not parked yet.
  void park(ServerSockets& all, UdpSocket& socket, TimerWheel& timers, Instant until, Instant now);
  // It has a flow again.
  static void wake(UdpSocket& socket);
  // Null: none is parked.
  [[nodiscard]] UdpSocket* longest_parked() const {
    return parked_.empty() ? nullptr : parked_.front();
  }
  [[nodiscard]] std::size_t parked() const { return parked_.size(); }

 private:
  struct Hash {
    std::uint64_t operator()(const Endpoint& client, const Upstream* upstream) const {
      return hash_of(client) ^ std::hash<const void*>{}(upstream);
    }
    std::uint64_t operator()(const UdpSocket& socket) const {
      return operator()(socket.holder.client, socket.holder.rule->upstream.get());
    }
  };

  ParkedMapping::List parked_;
  ChainedTable<UdpSocket, Hash> shared_;
  std::unordered_map<const UdpSocket*, Egress> egress_;  // of those that policy rules chose one for
};

}  // namespace weir
