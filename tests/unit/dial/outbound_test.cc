// Sockets towards the upstream, on loopback: 127.0.0.0/8 stands for clients and servers alike.
//
// Marks and transparent sockets need CAP_NET_ADMIN; elsewhere these tests say that they were
// skipped.
#include "dial/outbound.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "catch.h"
#include "loopback.h"

namespace weir {
namespace {

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

}  // namespace

TEST_CASE("the connection is marked, and leaves from where the kernel's routes say") {
  if (!may_intercept()) {
    return;
  }
  for (const std::string server : {"127.0.0.1:0", "[::1]:0"}) {
    const Listening listening(server);
    const Dialled dialled(client_of(server), listening.local);
    const Outbound out = open_tcp(dialled.flow, dialled.route, {0x2, 0x2});
    REQUIRE(out.socket.valid());
    CHECK(out.error == 0);
    CHECK(out.local == name_of(out.socket.get()));
    CHECK(out.local.port != 0);
    CHECK(out.local.address.is_loopback());
    CHECK_FALSE(out.source_port_taken);
    CHECK(option_of(out.socket.get(), SOL_SOCKET, SO_MARK) == 0x2);
    CHECK(listening.accept_one() == out.local);
  }
}

TEST_CASE("an upstream's own mark and DSCP are set besides the bypass-mark") {
  if (!may_intercept()) {
    return;
  }
  for (const std::string server : {"127.0.0.1:0", "[::1]:0"}) {
    const Listening listening(server);
    Dialled dialled(client_of(server), listening.local);
    dialled.options.mark = Mark{0x10, 0xf0};
    dialled.options.dscp = std::uint8_t{46};
    const Outbound out = open_tcp(dialled.flow, dialled.route, {0x2, 0x2});
    REQUIRE(out.socket.valid());
    CHECK(option_of(out.socket.get(), SOL_SOCKET, SO_MARK) == 0x12);
    const bool v4 = listening.local.address.is_v4();
    CHECK(option_of(out.socket.get(), v4 ? SOL_IP : SOL_IPV6, v4 ? IP_TOS : IPV6_TCLASS) ==
          46 << 2);
  }
}

TEST_CASE("an interface that is not there is named by its step") {
  if (!may_intercept()) {
    return;
  }
  Dialled dialled("127.0.0.5:4000", Endpoint::parse("127.0.0.1:9").value());
  dialled.options.interface = "no-such-if";
  const Outbound out = open_tcp(dialled.flow, dialled.route, {0x2, 0x2});
  CHECK_FALSE(out.socket.valid());
  CHECK(out.error == ENODEV);
  CHECK(std::string(out.step) == "bind to the interface");
  dialled.options.interface = "lo";
  const Listening listening("127.0.0.1:0");
  dialled.route.remote = listening.local;
  CHECK(open_tcp(dialled.flow, dialled.route, {0x2, 0x2}).socket.valid());
}

TEST_CASE("with source = client the server sees the client's address") {
  if (!may_intercept()) {
    return;
  }
  const Listening listening("127.0.0.1:0");
  Dialled dialled("203.0.113.77:4000", listening.local);
  dialled.route.source.kind = SourceKind::client;
  const Outbound out = open_tcp(dialled.flow, dialled.route, {0x2, 0x2});
  REQUIRE(out.socket.valid());
  CHECK(out.local.address.text() == "203.0.113.77");
  CHECK(out.local.port != 0);
  CHECK_FALSE(out.source_port_taken);
}

TEST_CASE("with source = client:port the server sees both") {
  if (!may_intercept()) {
    return;
  }
  for (const std::string server : {"127.0.0.1:0", "[::1]:0"}) {
    const Listening listening(server);
    const Endpoint client = free_endpoint(server);
    Dialled dialled(client.text(), listening.local);
    dialled.route.source.kind = SourceKind::client_port;
    const Outbound out = open_tcp(dialled.flow, dialled.route, {0x2, 0x2});
    REQUIRE(out.socket.valid());
    CHECK(out.local == client);
    CHECK_FALSE(out.source_port_taken);
    CHECK(listening.accept_one() == client);
  }
}

TEST_CASE("a client's port that is taken gives way to another one of the client's") {
  if (!may_intercept()) {
    return;
  }
  const Listening listening("127.0.0.1:0");
  const Endpoint client = free_endpoint("127.0.0.5:0");
  Dialled dialled(client.text(), listening.local);
  dialled.route.source.kind = SourceKind::client_port;
  const Outbound first = open_tcp(dialled.flow, dialled.route, {0x2, 0x2});
  REQUIRE(first.socket.valid());
  CHECK(first.local == client);
  // The very same connection once more.
  const Outbound second = open_tcp(dialled.flow, dialled.route, {0x2, 0x2});
  REQUIRE(second.socket.valid());
  CHECK(second.source_port_taken);
  CHECK(second.local.address == client.address);
  CHECK(second.local.port != client.port);
  // To another server the port is free.
  const Listening another("127.0.0.1:0");
  dialled.route.remote = another.local;
  const Outbound third = open_tcp(dialled.flow, dialled.route, {0x2, 0x2});
  REQUIRE(third.socket.valid());
  CHECK(third.local == client);
  CHECK_FALSE(third.source_port_taken);
}

TEST_CASE("with a fixed source the server sees that; an address that is not ours is refused") {
  if (!may_intercept()) {
    return;
  }
  const Listening listening("127.0.0.1:0");
  Dialled dialled("127.0.0.5:4000", listening.local);
  dialled.route.source = {SourceKind::address, Address::parse("127.0.0.9").value()};
  const Outbound out = open_tcp(dialled.flow, dialled.route, {0x2, 0x2});
  REQUIRE(out.socket.valid());
  CHECK(out.local.address.text() == "127.0.0.9");

  dialled.route.source.address = Address::parse("203.0.113.9").value();
  const Outbound foreign = open_tcp(dialled.flow, dialled.route, {0x2, 0x2});
  CHECK_FALSE(foreign.socket.valid());
  CHECK(foreign.error == EADDRNOTAVAIL);
  CHECK(std::string(foreign.step) == "bind to the source");
}

TEST_CASE("a connected datagram socket talks to its peer from the wanted source") {
  if (!may_intercept()) {
    return;
  }
  const Datagrams server("127.0.0.1:0");
  struct Row {
    SourceKind kind;
    bool keeps_port;
  };
  for (const Row& row : {Row{SourceKind::gateway, false}, Row{SourceKind::client, false},
                         Row{SourceKind::client_port, true}}) {
    const Endpoint client = free_endpoint("127.0.0.5:0", SOCK_DGRAM);
    Dialled dialled(client.text(), server.local);
    dialled.flow.protocol = Protocol::udp;
    dialled.route.source.kind = row.kind;
    const Outbound out = open_udp_connected(dialled.flow, dialled.route, {0x2, 0x2});
    REQUIRE(out.socket.valid());
    CHECK(out.local == name_of(out.socket.get()));
    REQUIRE(send(out.socket.get(), "x", 1, 0) == 1);
    CHECK(server.hear_one() == out.local);
    CHECK((out.local == client) == row.keeps_port);
  }
}

TEST_CASE("two flows of one client port to one server never share a tuple") {
  // A client asks two destinations from one port, and both go to the same server: with one tuple
  // the server's answers to the first would reach the second.
  if (!may_intercept()) {
    return;
  }
  const Datagrams server("127.0.0.1:0");
  const Endpoint client = free_endpoint("127.0.0.5:0", SOCK_DGRAM);
  Dialled dialled(client.text(), server.local);
  dialled.flow.protocol = Protocol::udp;
  dialled.route.source.kind = SourceKind::client_port;
  const Outbound first = open_udp_connected(dialled.flow, dialled.route, {0x2, 0x2});
  const Outbound second = open_udp_connected(dialled.flow, dialled.route, {0x2, 0x2});
  REQUIRE(first.socket.valid());
  REQUIRE(second.socket.valid());
  CHECK(first.local == client);
  CHECK_FALSE(first.source_port_taken);
  CHECK(second.local.address == client.address);
  CHECK(second.local.port != client.port);
  CHECK(second.source_port_taken);
}

TEST_CASE("a mapping's socket is bound, sends to any peer and hears from any peer") {
  if (!may_intercept()) {
    return;
  }
  for (const SourceKind kind : {SourceKind::gateway, SourceKind::client, SourceKind::client_port}) {
    const Datagrams a("127.0.0.1:0");
    const Datagrams b("127.0.0.2:0");
    const Endpoint client = free_endpoint("127.0.0.5:0", SOCK_DGRAM);
    Dialled dialled(client.text(), a.local);
    dialled.flow.protocol = Protocol::udp;
    dialled.route.source.kind = kind;
    const Outbound out = open_udp_mapping(dialled.flow, dialled.route, {0x2, 0x2});
    REQUIRE(out.socket.valid());
    CHECK(out.local.port != 0);
    CHECK(out.local.address.is_unspecified() == (kind == SourceKind::gateway));
    CHECK((out.local == client) == (kind == SourceKind::client_port));
    CHECK(option_of(out.socket.get(), SOL_IP, IP_RECVERR) == 1);
    const Address reached =
        kind == SourceKind::gateway ? Address::v4(INADDR_LOOPBACK) : client.address;
    for (const Datagrams* peer : {&a, &b}) {
      peer->say({reached, out.local.port});
      sockaddr_storage raw{};
      socklen_t length = sizeof raw;
      char byte = 0;
      CHECK(recvfrom(out.socket.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&raw), &length) ==
            1);
      CHECK(Endpoint::from(raw) == peer->local);
    }
  }
}

}  // namespace weir
