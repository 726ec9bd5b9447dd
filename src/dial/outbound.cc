#include "dial/outbound.h"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/transparent.h"

namespace weir {
namespace {

constexpr std::string_view connecting = "connect";

enum class Preserve : std::uint8_t { port, address_only };

Outbound failed(const char* step) {
  Outbound out;
  out.error = errno;
  out.step = step;
  return out;
}

Outbound open_socket(int type, const Flow& flow, const Route& route, Mark bypass,
                     const SocketCalls& calls) {
  const Family family = route.remote.family();
  Outbound out;
  out.socket.reset(calls.socket(domain_of(family), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out.socket.valid()) {
    return failed("socket");
  }
  const int fd = out.socket.get();
  const SocketOptions& options = *route.options;
  const std::uint32_t mark =
      bypass.value | route.egress.mark.value | (options.mark ? options.mark->value : 0);
  if (!set_option(fd, SOL_SOCKET, SO_MARK, static_cast<int>(mark), calls)) {
    return failed("set the bypass-mark");
  }
  if (const int tos = options.dscp.value_or(flow.dscp) << 2U; tos != 0) {
    if (!(family == Family::v4 ? set_option(fd, SOL_IP, IP_TOS, tos, calls)
                               : set_option(fd, SOL_IPV6, IPV6_TCLASS, tos, calls))) {
      return failed("set the DSCP");
    }
  }
  if (!options.interface.empty() &&
      calls.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options.interface.data(),
                       static_cast<socklen_t>(options.interface.size())) != 0) {
    return failed("bind to the interface");
  }
  if (route.egress.interface != 0 && !set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX,
                                                 static_cast<int>(route.egress.interface), calls)) {
    return failed("bind to the interface that policy rules want");
  }
  return out;
}

bool bind_to(int fd, const Endpoint& local, const SocketCalls& calls) {
  sockaddr_storage raw{};
  const socklen_t length = local.to(raw);
  return calls.bind(fd, reinterpret_cast<const sockaddr*>(&raw), length) == 0;
}

// Binds to the source; false leaves errno.
bool bind_source(Outbound& out, int type, const Flow& flow, const Source& source, Preserve preserve,
                 Port port, const SocketCalls& calls) {
  Endpoint wanted;
  switch (source.kind) {
    case SourceKind::gateway:
      return true;
    case SourceKind::client:
      wanted = {flow.client.address, 0};
      break;
    case SourceKind::client_port:
      wanted = {flow.client.address, preserve == Preserve::port ? flow.client.port : Port{0}};
      break;
    case SourceKind::address:
      wanted = {source.address, 0};
      break;
  }
  const int fd = out.socket.get();
  if (source.kind != SourceKind::address && !set_transparent(fd, wanted.family(), calls)) {
    return false;
  }
  // TCP refuses at connect() only what would be the same tuple twice. UDP would take it without a
  // word, and answers for one flow would reach the other: there the port is one socket's alone.
  if (wanted.port != 0 && type == SOCK_STREAM &&
      !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, calls)) {
    return false;
  }
  // Lets connect() choose the port, which then need only be free towards this one remote endpoint.
  if (wanted.port == 0 && type == SOCK_STREAM &&
      !set_option(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1, calls)) {
    return false;
  }
  if (wanted.port == 0 && port != 0 && bind_to(fd, {wanted.address, port}, calls)) {
    out.local = {wanted.address, port};
    return true;
  }
  if (!bind_to(fd, wanted, calls)) {
    return false;
  }
  out.local = wanted;
  return true;
}

bool connect_to(Outbound& out, const Endpoint& remote, const SocketCalls& calls) {
  sockaddr_storage raw{};
  const socklen_t length = remote.to(raw);
  return calls.connect(out.socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0 ||
         errno == EINPROGRESS;
}

bool hear_icmp_errors(int fd, Family family, const SocketCalls& calls) {
  return family == Family::v4 ? set_option(fd, SOL_IP, IP_RECVERR, 1, calls)
                              : set_option(fd, SOL_IPV6, IPV6_RECVERR, 1, calls);
}

void learn_local(Outbound& out, const SocketCalls& calls) {
  sockaddr_storage raw{};
  socklen_t length = sizeof raw;
  if (calls.getsockname(out.socket.get(), reinterpret_cast<sockaddr*>(&raw), &length) == 0) {
    out.local = Endpoint::from(raw);
  }
}

enum class Connect : std::uint8_t { yes, no };

Outbound open_once(int type, const Flow& flow, const Route& route, Mark bypass, Preserve preserve,
                   Connect connect, Port port, const SocketCalls& calls) {
  Outbound out = open_socket(type, flow, route, bypass, calls);
  if (!out.socket.valid()) {
    return out;
  }
  if (!bind_source(out, type, flow, route.source, preserve, port, calls)) {
    return failed("bind to the source");
  }
  if (connect == Connect::yes && !connect_to(out, route.remote, calls)) {
    return failed(connecting.data());
  }
  return out;
}

// With client:port the tuple may be taken, at bind or at connect: then the client's address has to
// do.
Outbound open_with_fallback(int type, const Flow& flow, const Route& route, Mark bypass,
                            Connect connect, Port port, const SocketCalls& calls) {
  Outbound out = open_once(type, flow, route, bypass, Preserve::port, connect, port, calls);
  if (!out.socket.valid() && route.source.kind == SourceKind::client_port &&
      (out.error == EADDRINUSE || out.error == EADDRNOTAVAIL || out.error == EACCES)) {
    out = open_once(type, flow, route, bypass, Preserve::address_only, connect, port, calls);
    out.source_port_taken = true;
  }
  return out;
}

}  // namespace

bool is_no_route(int code) { return code == ENETUNREACH || code == EHOSTUNREACH || code == EACCES; }

bool Outbound::has_no_route() const { return step == connecting && is_no_route(error); }

Outbound open_tcp(const Flow& flow, const Route& route, Mark bypass, const SocketCalls& calls) {
  Outbound out = open_with_fallback(SOCK_STREAM, flow, route, bypass, Connect::yes, 0, calls);
  if (out.socket.valid()) {
    learn_local(out, calls);
  }
  return out;
}

Outbound open_udp_connected(const Flow& flow, const Route& route, Mark bypass,
                            const SocketCalls& calls) {
  Outbound out = open_with_fallback(SOCK_DGRAM, flow, route, bypass, Connect::yes, 0, calls);
  if (out.socket.valid() && !hear_traffic_class(out.socket.get(), route.remote.family(), calls)) {
    return failed("ask for the DSCP");
  }
  if (out.socket.valid()) {
    learn_local(out, calls);
  }
  return out;
}

Outbound open_udp_mapping(const Flow& flow, const Route& route, Mark bypass, Port port,
                          const SocketCalls& calls) {
  Outbound out = open_with_fallback(SOCK_DGRAM, flow, route, bypass, Connect::no, port, calls);
  if (!out.socket.valid()) {
    return out;
  }
  const int fd = out.socket.get();
  const Family family = route.remote.family();
  // An unbound socket would get its port, and be heard, only with the first datagram it sends.
  if (route.source.kind == SourceKind::gateway) {
    const Endpoint wanted{Address::any(family), port};
    if (port != 0 && bind_to(fd, wanted, calls)) {
      out.local = wanted;
    } else if (!bind_to(fd, Endpoint{wanted.address, 0}, calls)) {
      return failed("bind");
    }
  }
  if (!hear_icmp_errors(fd, family, calls) || !hear_traffic_class(fd, family, calls)) {
    return failed("ask for ICMP errors and DSCP");
  }
  if (out.local.port == 0) {
    learn_local(out, calls);
  }
  return out;
}

Outbound open_udp_instead(int old, Port port, Peers peers, const Flow& flow, const Route& route,
                          Mark bypass, const SocketCalls& calls) {
  const Family family = route.remote.family();
  Outbound out = open_socket(SOCK_DGRAM, flow, route, bypass, calls);
  if (!out.socket.valid()) {
    return out;
  }
  const int fd = out.socket.get();
  Endpoint wanted{Address::any(family), port};
  switch (route.source.kind) {
    case SourceKind::gateway:
      break;
    case SourceKind::client:
    case SourceKind::client_port:
      wanted.address = flow.client.address;
      if (!set_transparent(fd, family, calls)) {
        return failed("bind to the source");
      }
      break;
    case SourceKind::address:
      wanted.address = route.source.address;
      break;
  }
  // Both hold the port for a moment, and so both have to allow it; no other socket may afterwards.
  const bool shares = set_option(old, SOL_SOCKET, SO_REUSEADDR, 1, calls) &&
                      set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, calls);
  const bool bound =
      (shares && bind_to(fd, wanted, calls)) || bind_to(fd, Endpoint{wanted.address, 0}, calls);
  const int code = errno;
  static_cast<void>(set_option(old, SOL_SOCKET, SO_REUSEADDR, 0, calls));
  if (!bound) {
    errno = code;
    return failed("bind to the source");
  }
  static_cast<void>(set_option(fd, SOL_SOCKET, SO_REUSEADDR, 0, calls));
  if (!hear_traffic_class(fd, family, calls)) {
    return failed("ask for the DSCP");
  }
  if (peers == Peers::one ? !connect_to(out, route.remote, calls)
                          : !hear_icmp_errors(fd, family, calls)) {
    return failed(peers == Peers::one ? "connect" : "ask for ICMP errors");
  }
  learn_local(out, calls);
  return out;
}

std::uint32_t mtu_of(int fd, Family family, const SocketCalls& calls) {
  int mtu = 0;
  socklen_t length = sizeof mtu;
  const bool v4 = family == Family::v4;
  return calls.getsockopt(fd, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_MTU : IPV6_MTU, &mtu, &length) == 0
             ? static_cast<std::uint32_t>(mtu)
             : 0;
}

std::string bound_interface(int fd, const SocketCalls& calls) {
  std::array<char, IFNAMSIZ> name{};
  socklen_t length = name.size();
  return calls.getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.data(), &length) == 0
             ? std::string(name.data())
             : std::string();
}

}  // namespace weir
