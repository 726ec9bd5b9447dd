#include "flow/udp/lingering.h"

#include "udp_world.h"

namespace weir {

TEST_CASE("a DNS flow whose query is answered ends a second later") {
  UdpWorld world;
  world.say(53, dns_query(1));
  world.answer(53, dns_response(1));
  CHECK(world.heard(53).size() == 1);
  CHECK(world.flow(53)->answered != 0);
  world.pass(Milliseconds(900));
  CHECK(world.path->flows().size() == 1);
  world.pass(Milliseconds(200));
  CHECK(world.path->flows().size() == 0);
}

TEST_CASE("a DNS flow with another query open waits for its answer") {
  UdpWorld world;
  world.say({{.port = 53, .payload = dns_query(1)}, {.port = 53, .payload = dns_query(2)}});
  world.answer(53, dns_response(1));
  CHECK(world.flow(53)->answered == 0);
  world.pass(Milliseconds(2'000));
  CHECK(world.path->flows().size() == 1);
  world.answer(53, dns_response(2));
  world.pass(Milliseconds(1'100));
  CHECK(world.path->flows().size() == 0);
}

TEST_CASE("a DNS flow that asks again while it lingers waits for that answer, too") {
  UdpWorld world;
  world.say(53, dns_query(1));
  world.answer(53, dns_response(1));
  world.say(53, dns_query(2));
  CHECK(world.flow(53)->answered == 0);
  world.pass(Milliseconds(2'000));
  CHECK(world.path->flows().size() == 1);
}

TEST_CASE("what is no DNS on port 53 lives as any other flow, whatever is answered") {
  UdpWorld world;
  world.say(53, "no query");
  world.answer(53, "no response");
  CHECK_FALSE(world.flow(53)->is_dns());
  world.pass(Milliseconds(20'000));
  CHECK(world.path->flows().size() == 1);
  world.pass(world.snapshot->configuration().timeouts.udp_idle);
  CHECK(world.path->flows().size() == 0);
}

TEST_CASE("a response to no query of the flow's does not make it linger") {
  UdpWorld world;
  world.say(53, dns_query(1));
  world.answer(53, dns_response(7));
  CHECK(world.flow(53)->answered == 0);
}

TEST_CASE("a DNS flow with more queries open than are tracked never ends early") {
  UdpWorld world;
  std::vector<UdpWorld::Said> batch;
  std::vector<std::string> queries;
  for (std::uint16_t id = 1; id <= 4; ++id) {
    batch.push_back({.port = 53, .payload = dns_query(id)});
  }
  world.say(batch);
  for (std::uint16_t id = 1; id <= 4; ++id) {
    world.answer(53, dns_response(id));
  }
  CHECK(world.flow(53)->marks.is_track_lost);
  CHECK(world.flow(53)->answered == 0);
}

TEST_CASE("flows that linger give their sockets to those that wait, the oldest first") {
  Configuration from = UdpWorld::standard();
  from.limits.max_flows = 100'000;
  from.limits.max_flows_per_client = 100'000;
  UdpWorld world(std::move(from), 400);
  Port last = 4'000;
  while (!world.admission.udp_sockets_are_scarce() && last < 5'000) {
    ++last;
    world.say({{.port = 53, .payload = dns_query(1), .from = last}});
  }
  REQUIRE(world.admission.udp_sockets_are_scarce());
  CHECK(world.path->flows().size() == last - 4'000U);
  world.answer(53, dns_response(1), 4'001);
  CHECK(world.flow(53, 4'001) == nullptr);
  CHECK(world.flow(53, 4'002) != nullptr);
}

TEST_CASE("half of a limit is the most that lingers of it") {
  Configuration from = UdpWorld::standard();
  from.limits.max_flows = 20;
  UdpWorld world(std::move(from));
  for (Port port = 1; port <= 16; ++port) {
    world.say({{.port = 53, .payload = dns_query(1), .from = port}});
  }
  for (Port port = 1; port <= 16; ++port) {
    world.answer(53, dns_response(1), port);
  }
  CHECK(world.path->flows().size() == 10);
  CHECK(world.flow(53, 1) == nullptr);
  CHECK(world.flow(53, 16) != nullptr);
}

}  // namespace weir
