// The command line of the generator, `load ROLE [--key value]…`, as one plain value. Every key has
// a number or a text and nothing else; an unknown one ends the program, for a typing error must not
// become a measurement.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace load {

struct Options {
  std::string role;                // server, or the name of a client
  std::string ledger;              // file that client and server share (ledger.h)
  std::string to;                  // first destination address
  std::string from;                // first source address
  std::uint32_t destinations = 1;  // how many consecutive addresses from `to` on are used
  std::uint32_t sources = 1;       // likewise from `from` on
  std::uint16_t port = 0;          // 0: the role's own
  std::uint32_t connections = 1;   // TCP connections, or UDP flows
  std::uint32_t sockets = 0;       // UDP flows share this many client sockets; 0: one a flow
  std::uint32_t active = 0;        // exchanges in flight at a time; 0: as many as connections
  std::uint32_t size = 64;         // bytes of a request or datagram
  std::uint32_t segments = 1;      // datagrams a send carries (UDP_SEGMENT)
  std::uint32_t window = 64;       // datagrams in flight; 0: send without looking (a flood)
  std::uint32_t rate = 0;          // of a flood, datagrams/s; 0: as fast as the core can
  std::chrono::nanoseconds seconds = std::chrono::seconds(1);
  std::chrono::nanoseconds warmup = std::chrono::milliseconds(200);
  bool down = false;       // bulk: the server sends
  bool hold = false;       // open everything, say so, and stay until stdin closes
  std::vector<int> watch;  // the gateway's processes, whose CPU time is measured
};

Options parse_options(int count, char** words);

}  // namespace load
