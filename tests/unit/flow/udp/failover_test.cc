#include "flow/udp/failover.h"

#include "udp_world.h"

namespace weir {
namespace {

const Endpoint& remote_of(UdpWorld& world, Port port) { return world.flow(port)->core.remote; }

}  // namespace

TEST_CASE("a query to a server that is gone goes to the next one, and the flow with it") {
  UdpWorld world;
  world.say(7003, "question");
  const Endpoint first = remote_of(world, 7003);
  world.socket_of(7003).errors.push_back(ECONNREFUSED);
  world.ready(7003, EPOLLIN | EPOLLERR);
  REQUIRE(world.flow(7003) != nullptr);
  CHECK(remote_of(world, 7003) != first);
  REQUIRE(world.socket_of(7003).sent.size() == 1);
  CHECK(world.socket_of(7003).sent[0].payload == "question");
  CHECK(world.flow(7003)->traffic.packets_up == 1);
  CHECK(world.count(Reason::retried) == 1);
  CHECK(world.count(Reason::icmp_from_server) == 0);
  world.answer(7003, "y");
  CHECK(world.heard(7003) == std::vector<std::string>{"y"});
}

TEST_CASE("each server counts the flows that it has, through a failover, too") {
  UdpWorld world;
  world.say(7003, "question");
  const std::shared_ptr<Server> first = world.flow(7003)->core.server;
  world.socket_of(7003).errors.push_back(EHOSTUNREACH);
  world.ready(7003, EPOLLIN | EPOLLERR);
  const std::shared_ptr<Server> second = world.flow(7003)->core.server;
  REQUIRE(second != first);
  CHECK(first->counts().live() == 0);
  CHECK(second->counts().live() == 1);
  CHECK(first->failures_total == 1);
  world.path->end_all(End::killed);
  CHECK(second->counts().live() == 0);
}

TEST_CASE("each member of a group counts the flows that it has, through a failover, too") {
  UdpWorld world(UdpWorld::with_group());
  world.say(7010, "question");
  const auto member = [&]() { return world.flow(7010)->core.rule->member; };
  const auto counted = [&](const std::string& name) { return world.upstreams.get(name)->sum(); };
  const std::string first = member();
  CHECK(counted(first).live == 1);
  world.socket_of(7010).errors.push_back(ECONNREFUSED);
  world.ready(7010, EPOLLIN | EPOLLERR);
  const std::string second = member();
  REQUIRE(second != first);
  CHECK(second == (first == "first" ? "second" : "first"));
  CHECK(counted(first).live == 0);
  CHECK(counted(second).live == 1);
  world.answer(7010, "yy");
  CHECK(counted(second).bytes_down == 2);
  CHECK(counted("any").live == 1);
  CHECK(counted("any").flows == 1);
  CHECK(counted("any").bytes_down == 2);
  world.path->end_all(End::killed);
  CHECK(counted(second).live == 0);
  CHECK(counted(second).flows == 1);
}

TEST_CASE("a flow whose servers are all gone ends, and the client hears it") {
  UdpWorld world;
  world.say(7003, "question");
  for (int i = 0; i < 3 && world.flow(7003) != nullptr; ++i) {
    world.socket_of(7003).errors.push_back(ECONNREFUSED);
    world.ready(7003, EPOLLIN | EPOLLERR);
  }
  CHECK(world.flow(7003) == nullptr);
  CHECK(world.count(Reason::icmp_from_server) == 1);
  CHECK(world.network.raw_packets().size() == 1);
  CHECK(world.totals.live(Protocol::udp) == 0);
}

TEST_CASE("a flow that has had an answer stays with its server") {
  UdpWorld world;
  world.say(7003, "question");
  world.answer(7003, "y");
  const Endpoint first = remote_of(world, 7003);
  world.socket_of(7003).errors.push_back(ECONNREFUSED);
  world.ready(7003, EPOLLIN | EPOLLERR);
  REQUIRE(world.flow(7003) != nullptr);
  CHECK(remote_of(world, 7003) == first);
  CHECK(world.count(Reason::retried) == 0);
}

TEST_CASE("a server that cannot even be connected to is passed over in a failover") {
  for (const int code : {ECONNREFUSED, EADDRNOTAVAIL, ENOBUFS}) {
    UdpWorld world;
    world.say(7003, "question");
    world.socket_of(7003).errors.push_back(ECONNREFUSED);
    world.network.fail(Call::connect, code, 9);
    world.ready(7003, EPOLLIN | EPOLLERR);
    CHECK(world.flow(7003) == nullptr);  // there is no third
    CHECK(world.count(Reason::icmp_from_server) == 1);
    CHECK(world.totals.live(Protocol::udp) == 0);
  }
}

TEST_CASE("a query that the other server refuses at once ends the flow, once") {
  UdpWorld world;
  world.say(7003, "question");
  world.socket_of(7003).errors.push_back(ECONNREFUSED);
  world.network.fail(Call::sendto, ECONNREFUSED);
  world.network.fail(Call::sendmsg, ECONNREFUSED, 2);
  world.ready(7003, EPOLLIN | EPOLLERR);
  CHECK(world.flow(7003) == nullptr);
  CHECK(world.totals.live(Protocol::udp) == 0);
}

TEST_CASE("a DNS flow that was quiet begins another one when its server gets no flows any more") {
  UdpWorld world;
  world.say(53, dns_query(1));
  world.answer(53, dns_response(1));
  const std::uint64_t number = world.flow(53)->core.sequence;
  world.flow(53)->core.server->health.set_admin_state(ServerHealth::AdminState::drain, world.now);
  const Endpoint first = remote_of(world, 53);
  world.say(53, dns_query(2));
  REQUIRE(world.flow(53) != nullptr);
  CHECK(world.flow(53)->core.sequence != number);
  CHECK(remote_of(world, 53) != first);
}

TEST_CASE("what a server that is drained has been asked it may still answer") {
  UdpWorld world;
  world.say(53, dns_query(1));
  const std::uint64_t number = world.flow(53)->core.sequence;
  world.flow(53)->core.server->health.set_admin_state(ServerHealth::AdminState::drain, world.now);
  world.say(53, dns_query(2));
  REQUIRE(world.flow(53) != nullptr);
  CHECK(world.flow(53)->core.sequence == number);
}

TEST_CASE("of a batch for a DNS flow whose server gets no flows all goes to the next server") {
  UdpWorld world;
  world.say(53, dns_query(1));
  world.answer(53, dns_response(1));
  const Endpoint first = remote_of(world, 53);
  world.flow(53)->core.server->health.set_admin_state(ServerHealth::AdminState::drain, world.now);
  world.say({{.port = 53, .payload = dns_query(2)}, {.port = 53, .payload = dns_query(3)}});
  CHECK(remote_of(world, 53) != first);
  CHECK(world.socket_of(53).sent.size() == 2);
  CHECK(world.flow(53)->traffic.packets_up == 2);
}

}  // namespace weir
