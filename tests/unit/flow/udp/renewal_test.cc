#include "flow/udp/renewal.h"

#include "udp_world.h"

namespace weir {
namespace {

// The router's address towards everywhere is another one now.
void renumber(UdpWorld& world, const std::string& own) {
  world.network.own = end_of(own + ":1").address;
  const std::vector<Surroundings::Entry> links{
      {world.network.own, Prefix::parse("192.0.2.0/24").value(), 1},
      {end_of("198.51.100.1:1").address, Prefix::parse("198.51.100.0/24").value(), 2}};
  world.path->network_changed(std::make_shared<const Surroundings>(links));
}

}  // namespace

TEST_CASE("a socket that would be bound to the same today stays") {
  UdpWorld world;
  world.say(7001, "x");
  const int before = world.flow(7001)->socket->descriptor.get();
  renumber(world, "192.0.2.1");
  world.say(7001, "y");
  CHECK(world.flow(7001)->socket->descriptor.get() == before);
  CHECK(world.count(Reason::socket_renewed) == 0);
}

TEST_CASE("a socket whose address the router has lost is opened anew, on its port") {
  UdpWorld world;
  world.say(7001, "x");
  const Endpoint before = world.flow(7001)->socket->local;
  renumber(world, "192.0.2.77");
  world.say(7001, "y");
  REQUIRE(world.flow(7001) != nullptr);
  CHECK(world.flow(7001)->socket->local.address == end_of("192.0.2.77:1").address);
  CHECK(world.flow(7001)->socket->local.port == before.port);
  CHECK(world.flow(7001)->core.source == world.flow(7001)->socket->local);
  CHECK(world.count(Reason::socket_renewed) == 1);
  CHECK(world.socket_of(7001).sent.size() == 1);
  world.answer(7001, "z");
  CHECK(world.heard(7001) == std::vector<std::string>{"z"});
}

TEST_CASE("what was answered to the old socket is heard before it goes") {
  UdpWorld world;
  world.say(7001, "x");
  world.socket_of(7001).inbox.push_back({UdpWorld::server_at(7001), "late"});
  renumber(world, "192.0.2.77");
  world.say(7001, "y");
  world.path->end_turn();
  CHECK(world.heard(7001) == std::vector<std::string>{"late"});
}

TEST_CASE("an error that waits on the old socket may end the flow, and then another one opens") {
  UdpWorld world;
  world.say(7001, "x");
  const std::uint64_t number = world.flow(7001)->core.sequence;
  world.socket_of(7001).errors.push_back(ECONNREFUSED);
  renumber(world, "192.0.2.77");
  world.say(7001, "y");
  REQUIRE(world.flow(7001) != nullptr);
  CHECK(world.flow(7001)->core.sequence != number);
  CHECK(world.socket_of(7001).sent.back().payload == "y");
}

TEST_CASE("where no socket can be opened anew the old one stays") {
  for (const Call call : {Call::socket, Call::bind, Call::connect, Call::setsockopt}) {
    UdpWorld world;
    world.say(7001, "x");
    const int before = world.flow(7001)->socket->descriptor.get();
    renumber(world, "192.0.2.77");
    static_cast<void>(world.path->flows().size());
    // The path is asked for first, by a socket of its own.
    world.say({{.port = 7004, .payload = "asks"}});
    world.network.fail(call, ENOBUFS, 9);
    world.say(7001, "y");
    REQUIRE(world.flow(7001) != nullptr);
    CHECK(world.flow(7001)->socket->descriptor.get() == before);
    CHECK(world.count(Reason::socket_renewed) == 0);
  }
}

TEST_CASE("a mapping is bound to no address of the router, and stays") {
  UdpWorld world;
  world.say(7002, "x");
  const int before = world.flow(7002)->socket->descriptor.get();
  renumber(world, "192.0.2.77");
  world.say(7002, "y");
  CHECK(world.flow(7002)->socket->descriptor.get() == before);
  CHECK(world.flow(7002)->core.source.address == end_of("192.0.2.77:1").address);
}

}  // namespace weir
