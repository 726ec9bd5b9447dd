// Finds out that a flow is one of our own coming back to us. Shared by all workers, without a lock.
//
// Every socket of ours towards an upstream is known by its tuple, and a flow whose client and
// destination are that tuple is a suspect. When the socket has an address of the router's own, that
// is proof: nobody else sends from there. With a spoofed source it is not: the client may well use,
// for a connection of its own, the port that the kernel chose for ours. Then a real loop gives
// itself away by going on: the flow that comes back opens a socket that comes back, too. So sockets
// carry a generation, one more than the flow that they were opened for was suspected of, and the
// eighth is refused. By chance that happens to an innocent client less than once in a billion
// flows, even with 2,000 live ones.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/shared_counts.h"
#include "weir/flow.h"

namespace weir {

class LoopGuard {
 public:
  static constexpr std::uint8_t most_generations = 8;

  LoopGuard();

  struct OwnSocket {
    Protocol protocol = Protocol::tcp;
    Endpoint local;
    Endpoint remote;              // port 0: not connected, may send to anyone
    std::uint8_t generation = 0;  // of the flow it was opened for
  };
  void opened(const OwnSocket& socket);
  void closed(const OwnSocket& socket);  // REQUIRES: equal to what opened() was given

  struct Finding {
    bool is_loop = false;
    // It is for weir's own port on this machine; else it comes from a socket of weir's.
    bool is_for_our_port = false;
    std::uint8_t generation = 0;  // for the sockets of this flow
    // For the record's error.
    [[nodiscard]] std::string_view why() const {
      return is_for_our_port ? "it is for the gateway's own port" : "it is the gateway's own";
    }
  };
  // `port`: the gateway's, on which nobody can be going to this machine.
  [[nodiscard]] Finding look(const Flow& flow, Port port) const;

 private:
  SharedCounts sockets_;  // how often: the socket's generation, and one
};

}  // namespace weir
