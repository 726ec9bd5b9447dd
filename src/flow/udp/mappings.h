// Server-side sockets that serve any peer (RFC 4787: endpoint-independent mappings), found by the
// client that they belong to, the upstream, and the way that policy rules sent them. What policy
// rules send by another way has another socket, and another port there.
//
// A mapping whose last flow an ICMP error ended rests: it stays, without a flow, until its time is
// over (REQ-10).
//
// Sockets are ServerSockets'. One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>

#include "base/chained_table.h"
#include "flow/udp/resting_mapping.h"
#include "flow/udp/udp_flow.h"
#include "weir/route.h"
#include "weir/upstream.h"

namespace weir {

class Mappings {
 public:
  // Null: there is none.
  [[nodiscard]] UdpSocket* find(const Endpoint& client, const Upstream& upstream,
                                const Way& way) const;
  // Lets the client's other flows use the socket, too.
  void share(UdpSocket& socket);
  // The socket is about to go.
  void forget(UdpSocket& socket);

  // By which way policy rules sent a socket, a mapping or not.
  void note_way(const UdpSocket& socket, const Way& way);
  [[nodiscard]] Way way_of(const UdpSocket& socket) const;

  // The mapping rests, until `all` releases it at `until`. REQUIRES: it does not yet.
  void rest(ServerSockets& all, UdpSocket& socket, Deadlines& deadlines, Instant until,
            Instant now);
  // It has a flow again.
  static void wake(UdpSocket& socket);
  // Null: none rests.
  [[nodiscard]] UdpSocket* longest_resting() const {
    return resting_.empty() ? nullptr : resting_.front();
  }
  [[nodiscard]] std::size_t resting() const { return resting_.size(); }

 private:
  struct Hash {
    std::uint64_t operator()(const Endpoint& client, const Upstream* upstream) const {
      return hash_of(client) ^ std::hash<const void*>{}(upstream);
    }
    std::uint64_t operator()(const UdpSocket& socket) const {
      return operator()(socket.holder.client, socket.holder.rule->upstream.get());
    }
  };

  RestingMapping::Row resting_;
  ChainedTable<UdpSocket, Hash> shared_;
  std::unordered_map<const UdpSocket*, Way> ways_;  // of those that policy rules sent elsewhere
};

}  // namespace weir
