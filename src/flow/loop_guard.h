// Finds out that a flow is one of our own coming back to us. Each worker writes a table of its own
// sockets, and reads those of all: a flow may come back to any of them.
//
// Every socket of ours towards an upstream is known by its tuple, and a flow whose client and
// destination are that tuple is a suspect. When the socket has an address of the router's own, that
// is proof: no other socket sends from there. With a spoofed source it is not: the client may well
// use, for a connection of its own, the port that the kernel chose for ours. Then a real loop gives
// itself away by going on: the flow that comes back opens a socket that comes back, too. So sockets
// carry a generation, one more than the flow that they were opened for was suspected of, and the
// eighth is refused. By chance that happens to an innocent client less than once in a billion
// flows, even with 2,000 live ones.
//
// One OwnSocketTables per process, in Workers: any worker, without a lock. One LoopGuard per
// worker, on its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/shared_counts.h"
#include "weir/flow.h"

namespace weir {

// The sockets of all workers, a table each. A worker writes its own, any may read.
class OwnSocketTables {
 public:
  explicit OwnSocketTables(std::size_t workers = 1);

  [[nodiscard]] SharedCounts& of(std::size_t worker) { return *tables_[worker]; }
  // How often that key was added, by all.
  [[nodiscard]] std::uint64_t count(std::uint64_t key) const;

 private:
  std::vector<std::unique_ptr<SharedCounts>> tables_;
};

// One worker's.
class LoopGuard {
 public:
  static constexpr std::uint8_t max_generations = 8;

  LoopGuard(OwnSocketTables& all, std::size_t worker) : all_(all), sockets_(all.of(worker)) {}

  struct OwnSocket {
    Protocol protocol = Protocol::tcp;
    Endpoint local;
    Endpoint remote;              // port 0: not connected, may send to any peer
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
  // `port`: the gateway's, on which no flow can be going to this machine.
  [[nodiscard]] Finding check(const Flow& flow, Port port) const;

 private:
  OwnSocketTables& all_;
  SharedCounts& sockets_;  // how often: the socket's generation, and one
};

}  // namespace weir
