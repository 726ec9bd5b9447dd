// What a dial meets on loopback: servers, a route to them, and a flow that asks for it.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <string>

#include "base/descriptor.h"
#include "catch.h"
#include "transparent_sockets.h"
#include "weir/endpoint.h"
#include "weir/flow.h"
#include "weir/route.h"

namespace weir {

// "127.0.0.1:80", "127.0.0.1:0" or "[::1]:0": port 0 lets the kernel choose, which
// Endpoint::parse() refuses.
inline Endpoint any_port(const std::string& text) {
  if (!text.ends_with(":0")) {
    return Endpoint::parse(text).value();
  }
  Endpoint out = Endpoint::parse(text.substr(0, text.size() - 1) + "1").value();
  out.port = 0;
  return out;
}

inline Descriptor bound(const std::string& text, int type) {
  const Endpoint at = any_port(text);
  Descriptor out(::socket(domain_of(at.family()), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_storage raw{};
  const socklen_t length = at.to(raw);
  REQUIRE(bind(out.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0);
  return out;
}

// An address and port that no socket has (any more).
inline Endpoint free_endpoint(const std::string& text, int type = SOCK_STREAM) {
  return name_of(bound(text, type).get());
}

// A client of the server's family.
inline std::string client_of(const std::string& server) {
  return server.front() == '[' ? "[::1]:4000" : "127.0.0.5:4000";
}

struct Listening {
  explicit Listening(const std::string& at) : socket(bound(at, SOCK_STREAM)) {
    REQUIRE(listen(socket.get(), 8) == 0);
    local = name_of(socket.get());
  }
  // Who called.
  [[nodiscard]] Endpoint accept_one() const {
    pollfd ready{socket.get(), POLLIN, 0};
    REQUIRE(poll(&ready, 1, 10'000) == 1);
    sockaddr_storage raw{};
    socklen_t length = sizeof raw;
    const Descriptor accepted(
        accept4(socket.get(), reinterpret_cast<sockaddr*>(&raw), &length, SOCK_CLOEXEC));
    REQUIRE(accepted.valid());
    return Endpoint::from(raw);
  }
  Descriptor socket;
  Endpoint local;
};

struct Datagrams {
  explicit Datagrams(const std::string& at)
      : socket(bound(at, SOCK_DGRAM)), local(name_of(socket.get())) {}
  // Who sent.
  [[nodiscard]] Endpoint hear_one() const {
    sockaddr_storage raw{};
    socklen_t length = sizeof raw;
    char byte = 0;
    REQUIRE(recvfrom(socket.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&raw), &length) == 1);
    return Endpoint::from(raw);
  }
  void say(const Endpoint& to) const {
    sockaddr_storage raw{};
    const socklen_t length = to.to(raw);
    REQUIRE(sendto(socket.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&raw), length) == 1);
  }
  Descriptor socket;
  Endpoint local;
};

// A flow and the route it was given. Stays where it is: the route points at the options.
struct Dialled {
  Dialled(const std::string& client, const Endpoint& server) {
    flow.client = Endpoint::parse(client).value();
    flow.destination = server;
    route.remote = server;
    route.options = &options;
  }
  Dialled(const Dialled&) = delete;
  Dialled& operator=(const Dialled&) = delete;
  Flow flow;
  SocketOptions options;
  Route route;
};

}  // namespace weir
