// What opens the server side, and what comes of every errno on the way.
#include "flow/udp/server_sockets.h"

#include "udp_world.h"

namespace weir {
namespace {

// The flow that a first datagram to that port should open is refused, and nothing is left of it.
void refuses(UdpWorld& world, Port port, Reason reason) {
  const auto before = world.count(reason);
  world.say(port, "x");
  CHECK(world.path->flows().size() == 0);
  CHECK(world.count(reason) == before + 1);
  CHECK(world.totals.live(Protocol::udp) == 0);
}

}  // namespace

TEST_CASE("a flow with a socket of its own has one that is connected to its destination") {
  UdpWorld world;
  world.say(7001, "x");
  const FakeNetwork::Socket& socket = world.socket_of(7001);
  CHECK(socket.peer == UdpWorld::server_at(7001));
  CHECK(socket.options.contains({SOL_SOCKET, SO_MARK}));
  CHECK(world.flow(7001)->core.source == socket.local);
}

TEST_CASE("flows of a client share one unconnected socket where the mapping is per client") {
  UdpWorld world;
  world.say({{.port = 7002, .payload = "x"}});
  const UdpSocket* first = world.flow(7002)->socket;
  CHECK_FALSE(world.socket_of(7002).peer);
  InterceptedDatagram other;
  other.client = UdpWorld::client_at(4000);
  other.destination = end_of("203.0.113.10:7002");
  other.interface = 2;
  const std::uint8_t payload = 'y';
  other.payload = {&payload, 1};
  world.path->on_datagrams({&other, 1});
  const UdpFlow* second = world.path->flows().find(other.client, other.destination);
  REQUIRE(second != nullptr);
  CHECK(second->socket == first);
  CHECK(first->flows == 2);
  world.say({{.port = 7002, .payload = "x", .from = 4001}});
  CHECK(world.flow(7002, 4001)->socket != first);
}

TEST_CASE("a mapping goes with its last flow") {
  UdpWorld world;
  world.say(7002, "x");
  world.say({{.port = 7002, .payload = "x", .from = 4001}});
  world.pass(world.snapshot->configuration().timeouts.udp_idle + Milliseconds(100));
  CHECK(world.path->flows().size() == 0);
  world.say(7002, "again");
  CHECK(world.flow(7002)->socket->flows == 1);
  CHECK(world.socket_of(7002).sent.size() == 1);
}

TEST_CASE("the record's source of a mapping is the address that the routing table picks") {
  UdpWorld world;
  world.say(7002, "x");
  CHECK(world.flow(7002)->core.source.address == world.network.own);
  CHECK(world.flow(7002)->core.source.port == world.socket_of(7002).local.port);
}

TEST_CASE("a socket that cannot be had for want of descriptors refuses the flow") {
  for (const int code : {EMFILE, ENFILE}) {
    UdpWorld world;
    world.network.fail(Call::socket, code);
    refuses(world, 7001, Reason::out_of_descriptors);
    world.network.fail(Call::socket, code);
    refuses(world, 7002, Reason::out_of_descriptors);
    world.say(7001, "x");  // it is over with the next one
    CHECK(world.path->flows().size() == 1);
  }
}

TEST_CASE("a socket that the kernel has no memory for refuses the flow as a failed connection") {
  for (const int code : {ENOBUFS, ENOMEM, EPERM, EAFNOSUPPORT}) {
    UdpWorld world;
    world.network.fail(Call::socket, code);
    refuses(world, 7001, Reason::connect_error);
  }
}

TEST_CASE("a mark that cannot be set refuses the flow: it would be intercepted itself") {
  for (const Port port : {Port{7001}, Port{7002}}) {
    UdpWorld world;
    world.network.fail(Call::setsockopt, EPERM);
    refuses(world, port, Reason::connect_error);
  }
}

TEST_CASE("a port that is taken refuses a mapping only when no other is free") {
  UdpWorld world;
  world.network.fail(Call::bind, EADDRINUSE);  // the one that was drawn
  world.say(7002, "x");
  CHECK(world.path->flows().size() == 1);
  world.path->end_all(End::killed);
  world.network.fail(Call::bind, EADDRINUSE, 2);
  refuses(world, 7002, Reason::source_unavailable);
}

TEST_CASE("a source address that is not there refuses the flow as source-unavailable") {
  UdpWorld world;
  world.network.fail(Call::connect, EADDRNOTAVAIL);
  refuses(world, 7001, Reason::source_unavailable);
}

TEST_CASE(
    "where the router has no route, the flow ends so and the client hears what routing says") {
  for (const int code : {ENETUNREACH, EHOSTUNREACH, EACCES}) {
    UdpWorld world;
    world.network.fail(Call::connect, code);
    refuses(world, 7001, Reason::no_route);
    REQUIRE(world.network.raw_packets().size() == 1);
    CHECK(world.network.raw_packets()[0].peer.address == UdpWorld::client_at(1).address);
  }
}

TEST_CASE("behind a blackhole route the client hears nothing") {
  UdpWorld world;
  world.network.fail(Call::connect, EINVAL);
  refuses(world, 7001, Reason::connect_error);
  CHECK(world.network.raw_packets().empty());
}

TEST_CASE("a server that cannot be connected to is passed over for the next one of its pool") {
  UdpWorld world;
  world.network.fail(Call::connect, ECONNREFUSED);
  world.say(7003, "x");
  REQUIRE(world.flow(7003) != nullptr);
  CHECK(world.flow(7003)->core.attempts == 2);
  CHECK(world.count(Reason::retried) == 1);
  CHECK(world.socket_of(7003).sent.size() == 1);
}

TEST_CASE("a pool none of whose servers can be connected to refuses the flow") {
  UdpWorld world;
  world.network.fail(Call::connect, ECONNREFUSED, 9);
  refuses(world, 7003, Reason::connect_error);
}

TEST_CASE("a socket that cannot be told to hear of DSCP is not used") {
  UdpWorld world;
  world.network.fail(Call::setsockopt, ENOPROTOOPT, 2);  // the mark is asked for first
  refuses(world, 7001, Reason::connect_error);
}

TEST_CASE("as many sockets as admission lends can be open, and one that closes is for the next") {
  Configuration from = UdpWorld::standard();
  from.limits.max_flows = 100'000;
  from.limits.max_flows_per_client = 100'000;
  UdpWorld world(std::move(from), 400);
  Port port = 4000;
  while (world.count(Reason::out_of_descriptors) == 0 && port < 5000) {
    world.say({{.port = 7001, .payload = "x", .from = ++port}});
  }
  REQUIRE(world.count(Reason::out_of_descriptors) == 1);
  CHECK(world.path->flows().size() > 4);
  const UdpFlow* one = world.flow(7001, 4001);
  REQUIRE(one != nullptr);
  CHECK(world.path->end(one->core.sequence, End::killed));
  world.say({{.port = 7001, .payload = "x", .from = 9000}});
  CHECK(world.flow(7001, 9000) != nullptr);
}

TEST_CASE("a mapping whose only flow an ICMP error ended stays, and is the client's again") {
  UdpWorld world;
  world.say(7002, "x");
  const UdpSocket* socket = world.flow(7002)->socket;
  const Endpoint local = socket->local;
  world.socket_of(7002).icmp.push_back({UdpWorld::server_at(7002), ECONNREFUSED});
  world.ready(7002, EPOLLIN | EPOLLERR);
  CHECK(world.path->flows().size() == 0);
  world.say(7002, "again");
  REQUIRE(world.flow(7002) != nullptr);
  CHECK(world.flow(7002)->socket == socket);
  CHECK(socket->local == local);
  CHECK_FALSE(socket->marks.is_parked);
}

TEST_CASE("a parked mapping goes when its time is over") {
  UdpWorld world;
  world.say(7002, "x");
  const Port before = world.flow(7002)->socket->local.port;
  world.socket_of(7002).icmp.push_back({UdpWorld::server_at(7002), EHOSTUNREACH});
  world.ready(7002, EPOLLERR);
  world.pass(world.snapshot->configuration().timeouts.udp_idle + Milliseconds(100));
  world.say(7002, "again");
  CHECK(world.flow(7002)->socket->local.port != before);
}

}  // namespace weir
