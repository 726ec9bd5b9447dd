#include "flow/udp/flow_table.h"

#include "udp_world.h"

namespace weir {

TEST_CASE("a UDP flow is found by its client and destination, and by nothing else") {
  UdpWorld world;
  world.say(7001, "x");
  REQUIRE(world.flow(7001) != nullptr);
  CHECK(world.flow(7001)->core.flow.client == UdpWorld::client_at(4000));
  CHECK(world.flow(7001, 4001) == nullptr);
  CHECK(world.flow(7002) == nullptr);
}

TEST_CASE("a UDP flow that is known by its number is not the next one with the same ends") {
  UdpWorld world;
  world.say(7001, "x");
  const FlowTable::Known known(*world.flow(7001));
  const FlowTable& flows = world.path->flows();
  CHECK(flows.find(known) == world.flow(7001));
  world.path->end_all(End::killed);
  CHECK(flows.find(known) == nullptr);
  world.say(7001, "x");
  REQUIRE(world.flow(7001) != nullptr);
  CHECK(flows.find(known) == nullptr);
}

TEST_CASE("a UDP flow ends when nothing has come for timeouts.udp-idle, and not before") {
  UdpWorld world;
  world.say(7001, "x");
  const Milliseconds idle = world.snapshot->configuration().timeouts.udp_idle;
  world.pass(idle - Milliseconds(1'000));
  CHECK(world.path->flows().size() == 1);
  world.pass(Milliseconds(1'100));
  CHECK(world.path->flows().size() == 0);
}

TEST_CASE("what moves in a UDP flow puts its end off") {
  UdpWorld world;
  world.say(7001, "x");
  const Milliseconds idle = world.snapshot->configuration().timeouts.udp_idle;
  world.pass(idle - Milliseconds(1'000));
  world.answer(7001, "y");
  world.pass(idle - Milliseconds(1'000));
  CHECK(world.path->flows().size() == 1);
  world.pass(Milliseconds(2'000));
  CHECK(world.path->flows().size() == 0);
}

TEST_CASE("a DNS flow without an answer ends after timeouts.dns-idle, whatever is asked again") {
  UdpWorld world;
  world.say(53, dns_query(1));
  for (int i = 0; i < 9; ++i) {
    world.pass(Milliseconds(1'000));
    world.say(53, dns_query(1));
  }
  CHECK(world.path->flows().size() == 1);
  world.pass(world.snapshot->configuration().timeouts.dns_idle - Milliseconds(8'000));
  CHECK(world.path->flows().size() == 0);
}

TEST_CASE("flows that open while the gateway drains are served, and are not counted") {
  UdpWorld world;
  world.say(7001, "x");
  world.path->flows().begin_bypass();
  world.say(7004, "x");
  CHECK(world.path->flows().size() == 2);
  CHECK(world.path->flows().counted() == 1);
  CHECK(world.socket_of(7004).sent.size() == 1);
  world.path->end_all(End::killed);
  CHECK(world.path->flows().counted() == 0);
}

TEST_CASE("a flow is ended by its number, and a number that none has ends none") {
  UdpWorld world;
  world.say(7001, "x");
  const std::uint64_t number = world.flow(7001)->core.sequence;
  CHECK_FALSE(world.path->end(number + 1, End::killed));
  CHECK(world.path->end(number, End::killed));
  CHECK(world.path->flows().size() == 0);
}

}  // namespace weir
