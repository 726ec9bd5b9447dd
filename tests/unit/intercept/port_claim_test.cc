#include "intercept/port_claim.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "base/descriptor.h"
#include "base/folder.h"
#include "catch.h"
#include "intercept/port_holders.h"

namespace weir {
namespace {

Descriptor bound(Family family, int type, Port& port) {
  Descriptor out(::socket(family == Family::v4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0));
  sockaddr_storage raw{};
  const Address loopback = Address::parse(family == Family::v4 ? "127.0.0.1" : "::1").value();
  const socklen_t length = Endpoint{loopback, port}.to(raw);
  REQUIRE(bind(out.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0);
  socklen_t size = sizeof raw;
  REQUIRE(getsockname(out.get(), reinterpret_cast<sockaddr*>(&raw), &size) == 0);
  port = Endpoint::from(raw).port;
  return out;
}

// A port of which no other program has anything: those that the kernel chooses may have a
// connection of the other protocol.
Port free_port() {
  Port port = 20'000;
  while (!check_port_free(port)) {
    ++port;
  }
  return port;
}

TEST_CASE("a port that some socket has is not free: TCP, UDP, IPv4 and IPv6") {
  for (const Family family : {Family::v4, Family::v6}) {
    for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
      Port port = free_port();
      {
        const Descriptor socket = bound(family, type, port);
        if (type == SOCK_STREAM) {
          REQUIRE(listen(socket.get(), 1) == 0);
        }
        const auto free = check_port_free(port);
        REQUIRE_FALSE(free);
        CHECK(free.error().text() == std::string(type == SOCK_STREAM ? "TCP" : "UDP") + " port " +
                                         std::to_string(port) +
                                         " is not free: Address already in use");
      }
      CHECK(check_port_free(port));
    }
  }
}

TEST_CASE("who has a port is named, with both ends of a connection") {
  Port server_port = 0;
  const Descriptor server = bound(Family::v4, SOCK_STREAM, server_port);
  REQUIRE(listen(server.get(), 1) == 0);
  Port port = 0;
  const Descriptor client = bound(Family::v4, SOCK_STREAM, port);
  sockaddr_storage raw{};
  const socklen_t length = Endpoint{Address::parse("127.0.0.1").value(), server_port}.to(raw);
  REQUIRE(connect(client.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0);

  const Folder folder;
  LogSettings settings;
  settings.target = LogTarget::file;
  settings.path = folder / "log";
  const auto log = std::move(Log::open(settings)).value();
  const auto waited = wait_for_port(port, *log, Milliseconds(60));
  REQUIRE_FALSE(waited);
  const std::string text = waited.error().text();
  INFO(text);
  CHECK(text.find("; process " + std::to_string(getpid()) +
                  " (unit-intercept) has a TCP connection "
                  "from 127.0.0.1:" +
                  std::to_string(port) + " to 127.0.0.1:" + std::to_string(server_port)) !=
        std::string::npos);
  CHECK(text.find("net.ipv4.ip_local_reserved_ports") != std::string::npos);

  const auto listeners = port_holders(server_port, Protocol::tcp);
  REQUIRE_FALSE(listeners.empty());
  CHECK(text_of(listeners[0]) ==
        "process " + std::to_string(getpid()) +
            " (unit-intercept) has a TCP socket at 127.0.0.1:" + std::to_string(server_port));
}

}  // namespace
}  // namespace weir
