// What a gateway hands over, and what is left of it: in every takeover that fails, everything.
#include "gateway/donor_gateway.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "catch.h"
#include "takeover_world.h"

namespace weir {
namespace {

using takeover::FrameType;
using Answer = TakeoverWorld::Answer;

TakeoverTimes times_with(Milliseconds TakeoverTimes::*which, Milliseconds time) {
  TakeoverTimes out;
  out.*which = time;
  return out;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("an offer says which gateway it is, and who its service manager is") {
  TakeoverWorld world;
  const auto offered = world.gateway->offer();
  REQUIRE(offered);
  const takeover::GatewayState& state = offered.value().state;
  CHECK(state.pid == getpid());
  CHECK(state.port == world.in_force.configuration().gateway.port);
  CHECK(state.bypass_mark == world.in_force.configuration().firewall.bypass_mark);
  CHECK(state.process == TakeoverWorld::process);
  CHECK(contains(state.notify.address, "/notify"));
  CHECK(state.notify.watchdog_ms == 15'000);
}

TEST_CASE("an offer says by which clock its live flows are where the rules want them") {
  TakeoverWorld world;
  world.flows_as_of = std::chrono::sys_seconds(std::chrono::seconds(1'783'368'000));
  const auto offered = world.gateway->offer();
  REQUIRE(offered);
  CHECK(offered.value().state.flows_as_of == 1'783'368'000);
}

TEST_CASE("an offer of a gateway that keeps no rules names none, and passes no descriptor") {
  TakeoverWorld world;
  const auto offered = world.gateway->offer();
  REQUIRE(offered);
  CHECK(offered.value().state.firewall.backend.empty());
  CHECK_FALSE(offered.value().state.firewall.has_cleanup_process);
  CHECK(offered.value().descriptors.empty());
}

TEST_CASE("what an operator wished of a server goes along to the successor") {
  TakeoverWorld world;
  ServerChange change;
  change.admin_state = ServerHealth::AdminState::drain;
  REQUIRE(world.in_force.set_server("pool", "a", change));
  const auto offered = world.gateway->offer();
  REQUIRE(offered);
  REQUIRE(offered.value().state.servers.size() == 1);
  CHECK(offered.value().state.servers[0].identity.name == "a");
  CHECK(offered.value().state.servers[0].health.admin_state == ServerHealth::AdminState::drain);
}

TEST_CASE("what clients have looked up goes along: with the offer, and what came after it") {
  TakeoverWorld world;
  const Address client = Address::parse("192.0.2.11").value();
  const auto learn = [&](const std::string& name, const std::string& address, Instant when) {
    world.names.learn({client},
                      {.name = name, .addresses = {{Address::parse(address).value(), 300}}}, when);
  };
  learn("long-ago.example", "203.0.113.1", clock_now() - std::chrono::hours(1));
  learn("before.example", "203.0.113.2", clock_now() - std::chrono::minutes(1));
  FakeSuccessor successor(world.path());
  world.play([&]() {
    CHECK(successor.asks());
    learn("since.example", "203.0.113.3", clock_now());
    CHECK(successor.takes());
    CHECK(successor.hears_go());
    CHECK(successor.serves());
  });
  REQUIRE(successor.state.looked_up.size() == 1);
  CHECK(successor.state.looked_up[0].name == "before.example");
  CHECK(successor.state.looked_up[0].client == client);
  REQUIRE(successor.received.looked_up.size() == 1);
  CHECK(successor.received.looked_up[0].name == "since.example");
}

TEST_CASE("a successor gets every worker's listeners and the flow with its socket") {
  TakeoverWorld world;
  FakeSuccessor successor(world.path());
  world.play([&]() { CHECK(successor.takes_over()); });
  const auto& workers = successor.received.workers;
  REQUIRE(workers.size() == TakeoverWorld::count);
  for (const InheritedWorker& worker : workers) {
    CHECK(worker.part.tcp_listeners == 1);
    CHECK(worker.part.udp_listeners == 1);
    CHECK(worker.listeners.size() == 2);
  }
  REQUIRE(workers[0].flows.size() == 1);
  CHECK(workers[0].flows[0].number == 5);
  CHECK(workers[0].flows[0].traffic.bytes_up == 10);
  CHECK(workers[0].descriptors.size() == 1);
  CHECK(workers[0].part.bindings[0].rule == "games");
  CHECK(workers[1].flows.empty());
}

TEST_CASE("numbers of flows that earlier processes used go along, so that none comes twice") {
  TakeoverWorld world;
  FakeSuccessor successor(world.path());
  world.play([&]() { CHECK(successor.takes_over()); });
  const auto& numbers = successor.received.ending.last_numbers;
  REQUIRE(numbers.size() == 3);
  CHECK(numbers[2] == 41);
}

TEST_CASE("once a successor serves, the gateway has no listener, no flow and no word left") {
  TakeoverWorld world;
  FakeSuccessor successor(world.path());
  world.play([&]() { CHECK(successor.takes_over()); },
             [&]() { return world.drained == TakeoverWorld::count; });
  CHECK(world.gateway->successor() == getpid());
  CHECK(world.handed_over == 1);
  CHECK(world.workers.live(Protocol::udp) == 0);
  CHECK(world.call(0, Milliseconds{50}) == Answer::waits);  // for the successor
  CHECK(world.call(1, Milliseconds{50}) == Answer::waits);
  CHECK(world.hears_server(Milliseconds{50}) == Answer::waits);
  CHECK(world.notifications() == std::vector{"MAINPID=" + std::to_string(getpid())});
}

TEST_CASE("a connection that comes during a takeover is the successor's, and none is refused") {
  TakeoverWorld world;
  FakeSuccessor successor(world.path());
  world.play([&]() {
    CHECK(successor.asks());
    CHECK(successor.takes());
    CHECK(world.call(0, Milliseconds{50}) == Answer::waits);
    CHECK(successor.hears_go());
    CHECK(successor.serves());
  });
  REQUIRE(successor.received.workers.size() == TakeoverWorld::count);
  const Descriptor accepted(accept4(successor.received.workers[0].listeners[0].get(), nullptr,
                                    nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  CHECK(accepted.valid());
}

TEST_CASE("the log says which process has taken over, and with how many flows") {
  TakeoverWorld world;
  FakeSuccessor successor(world.path());
  world.play([&]() { CHECK(successor.takes_over()); });
  CHECK(contains(world.log(), "process " + std::to_string(getpid()) +
                                  " has taken over, with 1 UDP flows; 0 TCP flows may finish here "
                                  "within timeouts.drain"));
}

TEST_CASE("a flow that goes to a successor gets no record here") {
  TakeoverWorld world;
  FakeSuccessor successor(world.path());
  world.play([&]() { CHECK(successor.takes_over()); },
             [&]() { return world.drained == TakeoverWorld::count; });
  world.workers.end();
  CHECK_FALSE(contains(world.log(), "flow udp"));
}

TEST_CASE("the control socket is the successor's when it hangs up, and not before") {
  TakeoverWorld world;
  FakeSuccessor successor(world.path());
  world.play([&]() { CHECK(successor.takes_over()); });
  CHECK(world.left == 0);
  world.play([&]() { successor.hang_up(); }, [&]() { return world.left != 0; });
  CHECK(world.left == 1);
}

TEST_CASE("a gateway that has been taken over refuses the next successor") {
  TakeoverWorld world;
  FakeSuccessor successor(world.path());
  world.play([&]() { CHECK(successor.takes_over()); });
  world.play([&]() {
    FakeSuccessor late(world.path());
    CHECK(late.hears_refusal() == "this gateway has been taken over already");
  });
  CHECK(world.handed_over == 1);
  CHECK(world.gateway->successor() == getpid());
}

TEST_CASE("a gateway that drains is not handed over, and goes on draining") {
  TakeoverWorld world;
  world.no_offer = Error("this gateway is draining");
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK_FALSE(successor.asks());
    CHECK(successor.refusal == "this gateway is draining");
  });
  CHECK(world.is_as_it_was());
}

TEST_CASE("a drain that begins while a successor gets ready stops the takeover, not the drain") {
  TakeoverWorld world;
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK(successor.asks());
    world.may_not = Error("this gateway is draining");
    CHECK_FALSE(successor.takes());
    CHECK(successor.refusal == "this gateway is draining");
  });
  CHECK(world.is_as_it_was());
  CHECK(contains(world.log(), "a takeover was refused: this gateway is draining"));
}

TEST_CASE("a successor that goes away before it says anything changes nothing") {
  TakeoverWorld world;
  world.play([&]() { FakeSuccessor(world.path()).hang_up(); },
             [&]() { return contains(world.log(), "a takeover was refused"); });
  CHECK(world.is_as_it_was());
}

TEST_CASE("a successor that goes away with the offer changes nothing") {
  TakeoverWorld world;
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK(successor.asks());
  });
  CHECK(world.is_as_it_was());
}

TEST_CASE("a successor that goes away with all listeners and flows gives them back") {
  TakeoverWorld world;
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK(successor.asks());
    CHECK(successor.takes());
  });
  CHECK(world.is_as_it_was());
}

TEST_CASE("a successor that asks for everything and does not read it changes nothing") {
  TakeoverWorld world;
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK(successor.asks());
    CHECK(successor.say(FrameType::take));
  });
  CHECK(world.is_as_it_was());
}

TEST_CASE("a successor that goes away when it may serve gives everything back") {
  TakeoverWorld world;
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK(successor.asks());
    CHECK(successor.takes());
    CHECK(successor.hears_go());
  });
  CHECK(world.is_as_it_was());
}

TEST_CASE("a successor that cannot hear that it is done has taken over all the same") {
  TakeoverWorld world;
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK(successor.asks());
    CHECK(successor.takes());
    CHECK(successor.hears_go());
    CHECK(successor.say(FrameType::serving));
  });
  CHECK(world.gateway->successor() == getpid());
  CHECK(world.handed_over == 1);
}

TEST_CASE("nonsense at any step ends the takeover with a sentence and leaves all as it was") {
  for (int steps = 0; steps < 4; ++steps) {
    TakeoverWorld world;
    world.play([&]() {
      FakeSuccessor successor(world.path());
      CHECK((steps < 1 || successor.asks()));
      CHECK((steps < 2 || successor.takes()));
      CHECK((steps < 3 || successor.hears_go()));
      CHECK(send(successor.descriptor(), "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
      CHECK_FALSE(successor.hears_refusal().empty());
    });
    INFO("after " << steps << " steps");
    CHECK(world.is_as_it_was());
  }
}

TEST_CASE("a word at the wrong time ends the takeover and leaves all as it was") {
  for (int steps = 0; steps < 4; ++steps) {
    constexpr std::array wrong{FrameType::take, FrameType::serving, FrameType::serving,
                               FrameType::prepared};
    TakeoverWorld world;
    world.play([&]() {
      FakeSuccessor successor(world.path());
      CHECK((steps < 1 || successor.asks()));
      CHECK((steps < 2 || successor.takes()));
      CHECK((steps < 3 || successor.hears_go()));
      CHECK(successor.say(wrong.at(static_cast<std::size_t>(steps))));
      CHECK_FALSE(successor.hears_refusal().empty());
    });
    INFO("after " << steps << " steps");
    CHECK(world.is_as_it_was());
  }
}

TEST_CASE("a successor that says nothing is given up, and the next one may take over") {
  TakeoverWorld world(times_with(&TakeoverTimes::to_speak, Milliseconds{500}));
  world.play([&]() {
    FakeSuccessor silent(world.path());
    CHECK(silent.hears_refusal() == "it did not answer in time");
  });
  CHECK(world.is_as_it_was());
  FakeSuccessor next(world.path());
  world.play([&]() { CHECK(next.takes_over()); });
  CHECK(world.handed_over == 1);
}

TEST_CASE("a successor that does not get ready in time is given up, and nothing has changed") {
  TakeoverWorld world(times_with(&TakeoverTimes::to_prepare, Milliseconds{50}));
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK(successor.asks());
    CHECK(successor.hears_refusal() == "it did not answer in time");
  });
  CHECK(world.is_as_it_was());
}

TEST_CASE("a successor that keeps the workers quiesced for too long loses them again") {
  TakeoverWorld world(times_with(&TakeoverTimes::to_quiesce, Milliseconds{500}));
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK(successor.asks());
    CHECK(successor.takes());
    CHECK_FALSE(successor.hears_refusal().empty());
    CHECK_FALSE(successor.hears_go());  // too late
  });
  CHECK(world.is_as_it_was());
}

TEST_CASE(
    "while workers are quiesced nothing is read, and what came meanwhile is served afterwards") {
  TakeoverWorld world;
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK(successor.asks());
    CHECK(world.hears_server(FakeSuccessor::timeout) == Answer::served);  // not yet quiesced
    CHECK(successor.takes());
    CHECK(world.hears_server(Milliseconds{50}) == Answer::waits);
    CHECK(world.call(1, Milliseconds{50}) == Answer::waits);
    successor.hang_up();
    CHECK(world.call(1, FakeSuccessor::timeout) == Answer::served);
  });
  CHECK(world.is_as_it_was());
}

TEST_CASE("of two successors at once the first goes on, and the second hears why not") {
  TakeoverWorld world;
  FakeSuccessor first(world.path());
  world.play([&]() {
    CHECK(first.asks());
    FakeSuccessor second(world.path());
    CHECK(second.hears_refusal() == "another takeover is under way");
    CHECK(first.takes());
    CHECK(first.hears_go());
    CHECK(first.serves());
  });
  CHECK(world.handed_over == 1);
}

TEST_CASE("a takeover that came to nothing leaves no trace for the next one") {
  TakeoverWorld world;
  world.play([&]() {
    FakeSuccessor failed(world.path());
    CHECK(failed.asks());
    CHECK(failed.takes());
    CHECK(failed.hears_go());
  });
  CHECK(world.notifications().empty());
  FakeSuccessor next(world.path());
  world.play([&]() { CHECK(next.takes_over()); });
  REQUIRE(next.received.workers.size() == TakeoverWorld::count);
  CHECK(next.received.workers[0].flows.size() == 1);
  CHECK(next.state.process == TakeoverWorld::process);
  CHECK(world.handed_over == 1);
}

TEST_CASE("a flow that a failed takeover left here is written when it ends here") {
  TakeoverWorld world;
  world.play([&]() {
    FakeSuccessor successor(world.path());
    CHECK(successor.asks());
    CHECK(successor.takes());
  });
  CHECK(world.is_as_it_was());
  world.workers.end();
  const std::string log = world.log();
  CHECK(contains(log, "flow udp 198.51.100.7:4000 -> 203.0.113.9:7001 rule=games"));
  CHECK(contains(log, "end=drained"));
}

}  // namespace
}  // namespace weir
