// Opens the socket towards the upstream: marked with the bypass-mark so that it is never
// intercepted itself, bound to the source the route wants, connected (TCP, and UDP with one peer)
// or not.
//
// System calls are dear and this runs for every flow, so nothing is set that the route does not
// need.
//
// No state; the caller owns the socket. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/descriptor.h"
#include "base/socket_calls.h"
#include "weir/flow.h"
#include "weir/route.h"

namespace weir {

struct Outbound {
  Descriptor socket;      // invalid: see `error`
  int error = 0;          // errno of the step that failed
  const char* step = "";  // "bind", "connect", …
  // The router's own routing refused the connection, before a packet was sent.
  [[nodiscard]] bool has_no_route() const;
  Endpoint local;  // what the socket is bound to now; port 0 while the kernel has not chosen
  // client:port was wanted and taken; the source is the client's address with another port.
  bool source_port_taken = false;
};

// Whether a system call that sends or connects failed so because the router has no route there
// (ENETUNREACH, EHOSTUNREACH) or forbids it (EACCES).
[[nodiscard]] bool is_no_route(int code);

// A TCP socket with its connection under way. `local` is complete.
[[nodiscard]] Outbound open_tcp(const Flow& flow, const Route& route, Mark bypass,
                                const SocketCalls& calls = kernel_calls);

// A UDP socket connected to the route's remote endpoint: for flows with a socket of their own.
[[nodiscard]] Outbound open_udp_connected(const Flow& flow, const Route& route, Mark bypass,
                                          const SocketCalls& calls = kernel_calls);

// A UDP socket that may send to any peer and hear from any peer (endpoint-independent mapping and
// filtering), with ICMP errors queued for reading. `local` is complete. On `port`, if that can be
// had and the route asks for no other; 0: on any.
[[nodiscard]] Outbound open_udp_mapping(const Flow& flow, const Route& route, Mark bypass,
                                        Port port = 0, const SocketCalls& calls = kernel_calls);

// The same for one that takes the place of `old`, which is still open: on `port`, if that can be
// had, else on any. Connected or not, as `old` is.
enum class Peers : std::uint8_t { one, any };
[[nodiscard]] Outbound open_udp_instead(int old, Port port, Peers peers, const Flow& flow,
                                        const Route& route, Mark bypass,
                                        const SocketCalls& calls = kernel_calls);

// The path MTU of a connected socket, in bytes; 0: it has no path.
[[nodiscard]] std::uint32_t mtu_of(int fd, Family family, const SocketCalls& calls = kernel_calls);

// The interface that a socket is bound to; empty: none, or one that is there no longer.
[[nodiscard]] std::string bound_interface(int fd, const SocketCalls& calls = kernel_calls);

}  // namespace weir
