// UDP flows that wait for the name of their QUIC connection: how long, how many, what refusing them
// means, and what becomes of them when the gateway drains or another process takes over.
#include "quic_world.h"

namespace weir {
namespace {

using World = QuicWorld;
using Payloads = std::vector<std::string>;

// Half of a hello.
std::string half() { return quic_client("www.alpha.example", 2).front(); }

}  // namespace

TEST_CASE("a client is waited for as long as timeouts.sniff, and has no name then") {
  World world;
  world.say_each({half(), "more"});
  world.pass(Milliseconds(250));
  CHECK_FALSE(world.is_open());
  world.pass(Milliseconds(100));
  CHECK(world.rule() == "rest");
  CHECK(world.host().empty());
  world.say(named, quic_client("www.alpha.example", 2).back());
  CHECK(world.rule() == "rest");
  CHECK(world.sent().size() == 3);
}

TEST_CASE("of one client eight datagrams, or ten KiB, are looked at") {
  const auto sent_until_open = [](std::size_t size) {
    World world;
    Payloads pings;
    while (!world.is_open()) {
      REQUIRE(pings.size() < 10);
      pings.push_back(quic_ping(pings.size(), size));
      world.say(named, pings.back());
    }
    CHECK(world.rule() == "rest");
    CHECK(world.sent() == pings);
    return pings.size();
  };
  CHECK(sent_until_open(1200) == 8);
  CHECK(sent_until_open(1470) == 7);
}

TEST_CASE("so many clients wait at a time, and with more the one that has waited longest goes on") {
  World world;
  constexpr Port first = 10'000;
  constexpr Port more = first + QuicSniffing::most;
  for (Port from = first; from < more; ++from) {
    world.say_each({half()}, from);
  }
  CHECK(world.path->flows().size() == 0);
  world.say_each({half()}, more);
  CHECK_FALSE(world.is_open(more));
  CHECK(world.rule(first) == "rest");
  world.say_each(quic_client("www.alpha.example"), more + 1);
  CHECK(world.rule(more + 1) == "alpha");
  world.say_each(quic_client("www.alpha.example", 2), first + 1);  // one of those that wait
  CHECK(world.rule(first + 1) == "alpha");
  world.say_each({half()}, more + 2);  // in its place
  CHECK_FALSE(world.is_open(more + 2));
  CHECK_FALSE(world.is_open(first + 2));
  world.path->end_all(End::drained);
  CHECK(world.count(Reason::draining) == QuicSniffing::most);
}

TEST_CASE("a client whose name is rejected hears it as if nothing listened there") {
  World world;
  const Payloads client = quic_client("ads.example", 2);
  world.say_each(client);
  CHECK_FALSE(world.is_open());
  CHECK(world.network.count(SOCK_DGRAM) == 0);
  CHECK(world.count(Reason::rejected) == 2);
  REQUIRE(world.network.raw_packets().size() == 2);
  CHECK(world.network.raw_packets()[0].peer.address == UdpWorld::client_at(4000).address);
}

TEST_CASE("a client whose name is dropped hears nothing, and its flow is none") {
  World world;
  world.say_each(quic_client("spy.example"));
  CHECK_FALSE(world.is_open());
  CHECK(world.count(Reason::dropped) == 1);
  CHECK(world.network.raw_packets().empty());
  CHECK(world.path->flows().size() == 0);
}

TEST_CASE("what follows a refused name, and names none itself, is refused by it for a minute") {
  World world;
  const Payloads client = quic_client("spy.example", 2);
  const Payloads following{other_packet({}, 1, 1300), "x", client[1]};
  world.say_each(client);
  CHECK(world.count(Reason::dropped) == 2);
  world.say_each(following);
  world.wait_in_vain();  // for the rest of the hello
  CHECK(world.count(Reason::dropped) == 5);
  CHECK_FALSE(world.is_open());
  // Of another client it is not.
  world.say_each({"x"}, 4001);
  CHECK(world.rule(4001) == "rest");
  // A name counts for itself.
  world.say_each(quic_client("www.alpha.example"));
  CHECK(world.rule() == "alpha");
  world.path->end_all(End::killed);
  world.pass(RefusedHosts::remembered);
  world.say(named, "x");
  CHECK(world.rule() == "rest");
}

TEST_CASE("a client that waits when new flows are refused goes on without a name") {
  World world;
  world.say(named, half());
  world.path->take_no_new();
  CHECK(world.rule() == "rest");
  CHECK(world.sent() == Payloads{half()});
  world.say_each({half()}, 4001);  // is not waited for
  CHECK_FALSE(world.is_open(4001));
  CHECK(world.count(Reason::draining) == 1);
}

TEST_CASE("a client that waits when new flows begin to bypass the gateway is one of those before") {
  World world;
  world.say(named, half());
  world.path->begin_bypass();
  CHECK(world.path->flows().counted() == 1);
  world.say_each(quic_client("www.alpha.example"), 4001);
  CHECK(world.rule(4001) == "alpha");
  CHECK(world.path->flows().counted() == 1);
}

TEST_CASE("what waits when all flows end is counted, each datagram") {
  World world;
  world.say({{.port = named, .payload = half() + half(), .segment = 1200}});
  world.say(named, "");
  world.path->end_all(End::drained);
  CHECK(world.count(Reason::draining) == 3);
  world.wait_in_vain();
  CHECK(world.path->flows().size() == 0);
  CHECK(world.network.count(SOCK_DGRAM) == 0);
}

TEST_CASE("a client that waits when another process takes over is handed over as a flow") {
  World world;
  world.say(named, half());
  WorkerState state;
  world.path->hand_over(state);
  REQUIRE(state.flows.size() == 1);
  CHECK(state.flows[0].traffic.packets_up == 1);
  CHECK_FALSE(state.flows[0].host.has_value());
  world.say_each(quic_client("www.alpha.example", 2), 4001);  // the takeover came to nothing
  CHECK(world.rule(4001) == "alpha");
  world.say_each({half()}, 4002);
  world.path->let_go();
  CHECK(world.count(Reason::draining) == 1);
  CHECK(world.path->flows().size() == 0);
}

TEST_CASE("nothing is left of what waits when the worker ends") {
  World world;
  world.say(named, half());
  world.path.reset();
  world.wait_in_vain();
  CHECK(world.timers.is_empty());
}

TEST_CASE("what a client sent before a peer opened the same flow goes first, by that flow") {
  World world;
  const Payloads client = quic_client("www.alpha.example", 2);
  world.say(7002, "x");  // makes a mapping
  world.say(named, client[0]);
  world.socket_of(7002).inbox.push_back({UdpWorld::server_at(named), "hello"});
  world.ready(7002);
  world.path->end_turn();
  REQUIRE(world.is_open());
  CHECK(world.flow(named)->marks.unasked);
  world.say_each({client[1], "y"});
  CHECK_FALSE(world.flow(named)->marks.unasked);
  CHECK(world.sent() == Payloads{"x", client[0], client[1], "y"});
}

}  // namespace weir
