#include "dial/outbound.h"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/transparent.h"

namespace weir {
namespace {

enum class Preserve : std::uint8_t { port, address_only };

Outbound failed(const char* step) {
  Outbound out;
  out.error = errno;
  out.step = step;
  return out;
}

Outbound open_socket(int type, const Route& route, Mark bypass) {
  const Family family = route.remote.family();
  Outbound out;
  out.socket.reset(::socket(domain_of(family), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out.socket.valid()) {
    return failed("socket");
  }
  const int fd = out.socket.get();
  const SocketOptions& options = *route.options;
  const std::uint32_t mark = bypass.value | (options.mark ? options.mark->value : 0);
  if (!set_option(fd, SOL_SOCKET, SO_MARK, static_cast<int>(mark))) {
    return failed("set the bypass-mark");
  }
  if (options.dscp) {
    const int tos = *options.dscp << 2U;
    if (!(family == Family::v4 ? set_option(fd, SOL_IP, IP_TOS, tos)
                               : set_option(fd, SOL_IPV6, IPV6_TCLASS, tos))) {
      return failed("set the DSCP");
    }
  }
  if (!options.interface.empty() &&
      setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options.interface.data(),
                 static_cast<socklen_t>(options.interface.size())) != 0) {
    return failed("bind to the interface");
  }
  return out;
}

// Binds to the source; false leaves errno.
bool bind_source(Outbound& out, int type, const Flow& flow, const Source& source,
                 Preserve preserve) {
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
  if (source.kind != SourceKind::address && !set_transparent(fd, wanted.family())) {
    return false;
  }
  // TCP refuses at connect() only what would be the same tuple twice. UDP would take it without a
  // word, and answers for one flow would reach the other: there the port is one socket's alone.
  if (wanted.port != 0 && type == SOCK_STREAM && !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) {
    return false;
  }
  // Lets connect() choose the port, which then need only be free towards this one remote endpoint.
  if (wanted.port == 0 && type == SOCK_STREAM &&
      !set_option(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)) {
    return false;
  }
  sockaddr_storage raw{};
  const socklen_t length = wanted.to(raw);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&raw), length) != 0) {
    return false;
  }
  out.local = wanted;
  return true;
}

bool connect_to(Outbound& out, const Endpoint& remote) {
  sockaddr_storage raw{};
  const socklen_t length = remote.to(raw);
  return connect(out.socket.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0 ||
         errno == EINPROGRESS;
}

void learn_local(Outbound& out) {
  sockaddr_storage raw{};
  socklen_t length = sizeof raw;
  if (getsockname(out.socket.get(), reinterpret_cast<sockaddr*>(&raw), &length) == 0) {
    out.local = Endpoint::from(raw);
  }
}

enum class Connect : std::uint8_t { yes, no };

Outbound open_once(int type, const Flow& flow, const Route& route, Mark bypass, Preserve preserve,
                   Connect connect) {
  Outbound out = open_socket(type, route, bypass);
  if (!out.socket.valid()) {
    return out;
  }
  if (!bind_source(out, type, flow, route.source, preserve)) {
    return failed("bind to the source");
  }
  if (connect == Connect::yes && !connect_to(out, route.remote)) {
    return failed("connect");
  }
  return out;
}

// With client:port the tuple may be taken, at bind or at connect: then the client's address has to
// do.
Outbound open_with_fallback(int type, const Flow& flow, const Route& route, Mark bypass,
                            Connect connect) {
  Outbound out = open_once(type, flow, route, bypass, Preserve::port, connect);
  if (!out.socket.valid() && route.source.kind == SourceKind::client_port &&
      (out.error == EADDRINUSE || out.error == EADDRNOTAVAIL || out.error == EACCES)) {
    out = open_once(type, flow, route, bypass, Preserve::address_only, connect);
    out.source_port_taken = true;
  }
  return out;
}

}  // namespace

Outbound open_tcp(const Flow& flow, const Route& route, Mark bypass) {
  Outbound out = open_with_fallback(SOCK_STREAM, flow, route, bypass, Connect::yes);
  if (out.socket.valid()) {
    learn_local(out);
  }
  return out;
}

Outbound open_udp_connected(const Flow& flow, const Route& route, Mark bypass) {
  Outbound out = open_with_fallback(SOCK_DGRAM, flow, route, bypass, Connect::yes);
  if (out.socket.valid()) {
    learn_local(out);
  }
  return out;
}

Outbound open_udp_mapping(const Flow& flow, const Route& route, Mark bypass) {
  Outbound out = open_with_fallback(SOCK_DGRAM, flow, route, bypass, Connect::no);
  if (!out.socket.valid()) {
    return out;
  }
  const int fd = out.socket.get();
  const Family family = route.remote.family();
  // An unbound socket would get its port, and be heard, only with the first datagram it sends.
  if (route.source.kind == SourceKind::gateway) {
    sockaddr_storage raw{};
    const socklen_t length = Endpoint{Address::any(family), 0}.to(raw);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&raw), length) != 0) {
      return failed("bind");
    }
  }
  if (!(family == Family::v4 ? set_option(fd, SOL_IP, IP_RECVERR, 1)
                             : set_option(fd, SOL_IPV6, IPV6_RECVERR, 1))) {
    return failed("ask for ICMP errors");
  }
  learn_local(out);
  return out;
}

}  // namespace weir
