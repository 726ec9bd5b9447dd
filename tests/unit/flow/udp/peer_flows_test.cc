#include "flow/udp/peer_flows.h"

#include "udp_world.h"

namespace weir {
namespace {

// A peer that the client has not written to sends to its mapping.
void call(UdpWorld& world, const std::string& peer, const std::string& payload = "hello") {
  world.socket_of(7002).inbox.push_back({end_of(peer), payload});
  world.ready(7002);
  world.path->end_turn();
}

UdpFlow* flow_of(UdpWorld& world, const std::string& peer) {
  return world.path->flows().find(UdpWorld::client_at(4000), end_of(peer));
}

// The client writes to that peer.
void reply(UdpWorld& world, const std::string& peer) {
  InterceptedDatagram datagram;
  datagram.client = UdpWorld::client_at(4000);
  datagram.destination = end_of(peer);
  datagram.interface = 2;
  const std::uint8_t payload = 'r';
  datagram.payload = {&payload, 1};
  world.path->on_datagrams({&datagram, 1});
}

}  // namespace

TEST_CASE("any peer that sends to a mapping reaches its client, by the peer's own address") {
  UdpWorld world;
  world.say(7002, "x");
  call(world, "203.0.113.77:9");
  REQUIRE(flow_of(world, "203.0.113.77:9") != nullptr);
  CHECK(flow_of(world, "203.0.113.77:9")->marks.unasked);
  const auto* reply = world.network.bound_to(end_of("203.0.113.77:9"));
  REQUIRE(reply != nullptr);
  CHECK(reply->sent[0].peer == UdpWorld::client_at(4000));
}

TEST_CASE("a socket of one flow hears its server alone") {
  UdpWorld world;
  world.say(7001, "x");
  CHECK(world.socket_of(7001).peer == UdpWorld::server_at(7001));  // the kernel sees to it
  CHECK(world.path->flows().size() == 1);
}

TEST_CASE("a flow that a peer opened is the client's once it answers, and counts for it then") {
  UdpWorld world;
  world.say(7002, "x");
  call(world, "203.0.113.77:9");
  CHECK(world.totals.live(Protocol::udp) == 1);
  reply(world, "203.0.113.77:9");
  REQUIRE(flow_of(world, "203.0.113.77:9") != nullptr);
  CHECK_FALSE(flow_of(world, "203.0.113.77:9")->marks.unasked);
  CHECK(world.totals.live(Protocol::udp) == 2);
}

TEST_CASE("a flow that a peer opened and the client does not answer lasts for thirty seconds") {
  UdpWorld world;
  world.say(7002, "x");
  call(world, "203.0.113.77:9");
  world.pass(Milliseconds(29'000));
  CHECK(flow_of(world, "203.0.113.77:9") != nullptr);
  world.pass(Milliseconds(1'100));
  CHECK(flow_of(world, "203.0.113.77:9") == nullptr);
  CHECK(world.count(Reason::peer_unanswered) == 1);
  CHECK(world.flow(7002) != nullptr);
}

TEST_CASE("a client at its limit does not get a flow that a peer opened by answering it") {
  Configuration from = UdpWorld::standard();
  from.limits.max_flows_per_client = 1;
  UdpWorld world(std::move(from));
  world.say(7002, "x");
  call(world, "203.0.113.77:9");
  const std::uint64_t number = world.flow(7002)->core.sequence;
  reply(world, "203.0.113.77:9");
  // The one that it has used for longest gives way.
  CHECK(world.count(Reason::evicted) == 1);
  CHECK(world.flow(7002) == nullptr);
  CHECK_FALSE(world.path->end(number, End::killed));
  CHECK(flow_of(world, "203.0.113.77:9") != nullptr);
}

TEST_CASE("a peer cannot speak in the name of the router, a link of the client's, or no host") {
  for (const char* peer : {"192.0.2.1:9", "198.51.100.1:9", "198.51.100.20:9", "127.0.0.1:9",
                           "169.254.1.1:9", "0.0.0.0:9", "224.0.0.5:9"}) {
    UdpWorld world;
    world.say(7002, "x");
    call(world, peer);
    INFO(peer);
    CHECK(world.path->flows().size() == 1);
    CHECK(world.count(Reason::peer_local) + world.count(Reason::invalid_destination) == 1);
  }
}

TEST_CASE("of a mapping's strangers the oldest gives way to the next beyond sixty-four") {
  UdpWorld world;
  world.say(7002, "x");
  for (int i = 1; i <= 65; ++i) {
    call(world, "203.0.113.100:" + std::to_string(i));
  }
  CHECK(world.path->flows().size() == 65);
  CHECK(flow_of(world, "203.0.113.100:1") == nullptr);
  CHECK(flow_of(world, "203.0.113.100:65") != nullptr);
  CHECK(world.count(Reason::peer_unanswered) == 1);
}

TEST_CASE("a stranger does not keep a parked mapping from being its client's") {
  UdpWorld world;
  world.say(7002, "x");
  UdpSocket& socket = *world.flow(7002)->socket;
  const Port port = socket.local.port;
  world.socket_of(7002).icmp.push_back({UdpWorld::server_at(7002), ECONNREFUSED});
  world.ready(7002, EPOLLERR);
  REQUIRE(world.path->flows().size() == 0);
  world.network.at(socket.descriptor.get()).inbox.push_back({end_of("203.0.113.77:9"), "hello"});
  socket.on_events(EPOLLIN);
  world.path->end_turn();
  CHECK(world.path->flows().size() == 1);
  world.pass(Milliseconds(31'000));
  CHECK(world.path->flows().size() == 0);
  world.say(7002, "again");
  CHECK(world.flow(7002)->socket->local.port == port);
}

TEST_CASE("while the gateway drains no peer opens a flow") {
  UdpWorld world;
  world.say(7002, "x");
  world.path->take_no_new();
  call(world, "203.0.113.77:9");
  CHECK(world.path->flows().size() == 1);
  CHECK(world.count(Reason::draining) == 1);
  world.say(7001, "x");
  CHECK(world.count(Reason::draining) == 2);
  world.answer(7002, "y");
  CHECK(world.heard(7002) == std::vector<std::string>{"y"});
}

}  // namespace weir
