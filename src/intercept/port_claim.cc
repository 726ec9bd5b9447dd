#include "intercept/port_claim.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/transparent.h"
#include "intercept/port_holders.h"

namespace weir {
namespace {

constexpr int pause_ms = 50;

// The errno that says why the port cannot be had; 0: it can.
int trouble_with(Port port, Family family, int type) {
  const Descriptor probe(::socket(domain_of(family), type | SOCK_CLOEXEC, 0));
  if (!probe.valid()) {
    return errno == EAFNOSUPPORT ? 0 : errno;  // a kernel without IPv6 has no such port either
  }
  if ((type == SOCK_STREAM && !set_option(probe.get(), SOL_SOCKET, SO_REUSEADDR, 1)) ||
      (family == Family::v6 && !set_option(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1))) {
    return errno;
  }
  sockaddr_storage raw{};
  const socklen_t length = Endpoint{Address::any(family), port}.to(raw);
  return bind(probe.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0 ? 0 : errno;
}

struct Taken {
  Protocol protocol;
  Error error;
};

std::optional<Taken> taken(Port port) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    for (const Family family : {Family::v4, Family::v6}) {
      const bool tcp = protocol == Protocol::tcp;
      if (const int code = trouble_with(port, family, tcp ? SOCK_STREAM : SOCK_DGRAM); code != 0) {
        return Taken{protocol, system_error(std::string(tcp ? "TCP" : "UDP") + " port " +
                                                std::to_string(port) + " is not free",
                                            code)};
      }
    }
  }
  return std::nullopt;
}

// With the port's holders, where they can be seen.
Error with_holders(const Taken& why, Port port) {
  std::string text = why.error.text();
  bool by_chance = false;
  for (const PortHolder& holder : port_holders(port, why.protocol)) {
    text += "; " + text_of(holder);
    by_chance = by_chance || holder.remote.port != 0;
  }
  if (by_chance) {
    text +=
        "; the kernel gives this port to outgoing connections unless "
        "net.ipv4.ip_local_reserved_ports names it";
  }
  return Error(text);
}

}  // namespace

Result<> check_port_free(Port port) {
  const auto why = taken(port);
  return why ? Result<>(why->error) : Result<>(Ok{});
}

Result<> wait_for_port(Port port, Log& log, Milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (bool said = false;;) {
    const auto why = taken(port);
    if (!why) {
      return Ok{};
    }
    if (std::chrono::steady_clock::now() >= until) {
      return with_holders(*why, port);
    }
    if (!said) {
      said = true;
      log.warning(
          with_holders(*why, port).text() + "; weir tries again for " +
          std::to_string(std::chrono::duration_cast<std::chrono::seconds>(timeout).count()) +
          " seconds");
    }
    (void)poll(nullptr, 0, pause_ms);
  }
}

}  // namespace weir
