// A connection that weir accepted, or made in a client's name, ends in TIME_WAIT on the router,
// under an address that is not the router's. While it lasts, early demux ties every packet of that
// pair of addresses and ports to it, and the kernel does not forward a packet that has a socket:
// when the client then reaches the server past weir with that very tuple (a bypass rule, weir
// killed), its connection stalls. A gateway that ends takes its own away, where the kernel can.
#include "doctor/checks.h"
#include "doctor/proc.h"

namespace weir::doctor {

Findings examine_early_demux(const Subject& subject) {
  const bool carries_tcp =
      subject.ruleset.has(firewall::Verdict::intercept) && !subject.ruleset.tcp.empty();
  if (!carries_tcp) {
    return {{"early-demux", Level::ok, "no TCP connection is carried", ""}};
  }
  if (setting("net/ipv4/tcp_early_demux").value_or(0) == 0) {
    return {{"early-demux", Level::ok,
             "tcp_early_demux = 0: connections in TIME_WAIT hold up no packet", ""}};
  }
  const std::string cure = "sysctl -w net.ipv4.tcp_early_demux=0";
  if (!subject.shows_client()) {
    return {
        {"early-demux", Level::warn,
         "tcp_early_demux = 1: when weir is killed or its rules are flushed, its connections in "
         "TIME_WAIT may stay; a client that uses the same port for the same server again then "
         "gets no answer for up to a minute",
         cure}};
  }
  return {{"early-demux", Level::warn,
           "tcp_early_demux = 1 with source = client: when the kernel forwards what weir carried a "
           "moment ago (weir was stopped, or a bypass rule was added), a client that uses the same "
           "port again can get no answer for up to a minute",
           cure}};
}

}  // namespace weir::doctor
