// The sockets that have a local port, and their processes: listeners and servers, connections that
// were given it as theirs, and what is left of one in TIME_WAIT. The kernel lists sockets
// (sock_diag(7)); /proc says whose they are.
//
// No state; any thread. Takes milliseconds, more on a machine with many processes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

struct PortHolder {
  Protocol protocol = Protocol::tcp;
  Endpoint local;
  Endpoint remote;  // port 0: it has none, and takes what comes
  uid_t user = 0;
  pid_t process = 0;    // 0: none, or one that we may not look into
  std::string program;  // of the process
  enum class Kind : std::uint8_t { open, closing } kind = Kind::open;
};

// Listeners first, at most a few.
[[nodiscard]] std::vector<PortHolder> port_holders(Port port, Protocol protocol);

// "process 4711 (curl) has a TCP connection from 192.0.2.1:50080 to 203.0.113.5:443"
[[nodiscard]] std::string text_of(const PortHolder& holder);

}  // namespace weir
