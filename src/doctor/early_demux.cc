// A connection to a server in the client's name ends in TIME_WAIT on the router. While it lasts,
// early demux ties every packet of that pair of addresses and ports to it, and the kernel does not
// forward a packet that has a socket: when the client itself then reaches the server with that very
// tuple (a bypass rule, weir stopped), its connection stalls.
#include "doctor/checks.h"
#include "doctor/proc.h"

namespace weir::doctor {

Findings examine_early_demux(const Subject& subject) {
  if (!subject.shows_client()) {
    return {{"early-demux", Level::ok, "no upstream shows servers the client's address", ""}};
  }
  if (setting("net/ipv4/tcp_early_demux").value_or(0) == 0) {
    return {{"early-demux", Level::ok, "off: connections in TIME_WAIT are in nobody's way", ""}};
  }
  return {{"early-demux", Level::warn,
           "tcp_early_demux = 1 with source = client: when a flow is forwarded that weir carried a "
           "moment ago (weir stopped, a bypass rule), it can stall for a minute",
           "sysctl -w net.ipv4.tcp_early_demux=0"}};
}

}  // namespace weir::doctor
