// Flows that end because they were chosen: which, with which word, what both ends hear, and how
// much of it happens in one turn. Both sides of a worker, on networks and by a clock of the test's.
#include "flow/flow_closing.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "tcp_flow_world.h"
#include "udp/udp_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using State = TcpPeer::State;

struct World {
  TcpFlowWorld tcp;
  UdpWorld udp;
  std::uint64_t looked_at = 0;
  std::chrono::microseconds own_time{0};
  std::chrono::microseconds cost{0};  // of each look at the clock
  std::optional<std::uint64_t> ended;

  // Of the flows of that rule.
  std::unique_ptr<FlowClosing> closing(const std::string& rule) {
    return std::make_unique<FlowClosing>(
        FlowClosing::Order{.chosen =
                               [this, rule](const FlowCore& core) {
                                 ++looked_at;
                                 return core.rule->name == rule;
                               },
                           .why = End::time_over,
                           .asked = tcp.now},
        [this]() { return own_time += cost; }, [this](std::uint64_t count) { ended = count; });
  }
  bool step(FlowClosing& closing) { return closing.step(*tcp.flows, *udp.path); }
  void close(const std::string& rule) {
    const auto all = closing(rule);
    while (step(*all)) {
    }
  }
  // So many flows of the rule "own".
  void say_from(std::size_t clients) {
    for (std::size_t i = 0; i < clients; ++i) {
      udp.say({{.port = 7001, .payload = "a", .from = static_cast<Port>(4000 + i)}});
    }
    REQUIRE(udp.path->flows().size() == clients);
  }
};

}  // namespace

TEST_CASE("a chosen TCP flow ends with a reset to the client, and another one lives on") {
  World world;
  TcpPeer chosen = world.tcp.open(TcpFlowWorld::one, 4001);
  TcpPeer other = world.tcp.open(TcpFlowWorld::own, 4002);
  REQUIRE(world.tcp.flows->size() == 2);
  world.close("one");
  CHECK(world.ended == 1);
  CHECK(world.tcp.flows->size() == 1);
  CHECK(world.tcp.end_heard_by(chosen) == State::reset);
  CHECK(other.observe() == State::open);
  const auto records = world.tcp.records();
  REQUIRE(records.size() == 1);
  CHECK(TcpFlowWorld::field(records.front(), "end") == "time-over");
  CHECK(TcpFlowWorld::field(records.front(), "rule") == "one");
}

TEST_CASE("the server of a chosen TCP flow hears a reset, too") {
  World world;
  TcpPeer client = world.tcp.open(TcpFlowWorld::one);
  TcpPeer& server = world.tcp.network.peer(TcpFlowWorld::server_a());
  REQUIRE(server.observe() == State::open);
  world.close("one");
  CHECK(world.tcp.end_heard_by(server) == State::reset);
}

TEST_CASE("chosen UDP flows are forgotten with their sockets, and the others live on") {
  World world;
  world.udp.say({{.port = 7001, .payload = "a"},
                 {.port = 7001, .payload = "b", .from = 4001},
                 {.port = 7002, .payload = "c"}});
  REQUIRE(world.udp.path->flows().size() == 3);
  world.close("own");
  CHECK(world.ended == 2);
  CHECK(world.udp.flow(7001) == nullptr);
  CHECK(world.udp.flow(7001, 4001) == nullptr);
  CHECK(world.udp.flow(7002) != nullptr);
  // What its client says next opens a flow by the rules of then.
  world.udp.say(7001, "again");
  CHECK(world.udp.flow(7001) != nullptr);
}

TEST_CASE("no turn takes longer for flows that end than it may, and every one ends") {
  World world;
  constexpr std::size_t flows = 20;
  world.say_from(flows);
  world.cost = 1ms;  // what ends one flow
  const auto closing = world.closing("own");
  std::size_t left = flows;
  std::size_t turns = 0;
  for (bool more = true; more; ++turns) {
    const auto began = world.own_time;
    more = world.step(*closing);
    CHECK(world.own_time - began <= FlowClosing::longest + world.cost);
    const std::size_t now = world.udp.path->flows().size();
    CHECK(left - now <= 4);
    left = now;
  }
  CHECK(left == 0);
  CHECK(turns >= flows / 4);
  CHECK(world.ended == flows);
}

TEST_CASE("flows that take longer than a turn may end all the same, one in each") {
  World world;
  world.say_from(2);
  world.cost = 2 * FlowClosing::longest;
  int turns = 0;
  const auto closing = world.closing("own");
  while (world.step(*closing)) {
    REQUIRE(++turns < 100);
  }
  CHECK(world.ended == 2);
}

TEST_CASE("no turn looks at more than a few hundred flows, and all are looked at once") {
  World world;
  constexpr std::size_t flows = 900;
  world.say_from(flows);
  const auto closing = world.closing("none of them");
  for (bool more = true; more;) {
    const std::uint64_t before = world.looked_at;
    more = world.step(*closing);
    CHECK(world.looked_at - before < 2 * FlowWalk::max_in_a_turn);
  }
  CHECK(world.looked_at == flows);
  CHECK(world.ended == 0);
  CHECK(world.udp.path->flows().size() == flows);
}

TEST_CASE("flows that open after others were asked to end are not looked at") {
  World world;
  const auto closing = world.closing("own");
  world.tcp.now += 1s;
  world.udp.now += 1s;
  world.tcp.poll.run();
  TcpPeer later = world.tcp.open(TcpFlowWorld::own);
  world.udp.say(7001, "a");
  while (world.step(*closing)) {
  }
  CHECK(world.looked_at == 0);
  CHECK(world.tcp.flows->size() == 1);
  CHECK(world.udp.flow(7001) != nullptr);
}

TEST_CASE("a flow that ends by itself after it was chosen is not counted, and harms nothing") {
  World world;
  world.say_from(2);
  world.cost = FlowClosing::longest;  // one a turn
  const auto closing = world.closing("own");
  while (world.udp.path->flows().size() == 2) {
    REQUIRE(world.step(*closing));
  }
  world.udp.path->end_all(End::drained);
  while (world.step(*closing)) {
  }
  CHECK(world.ended == 1);
}

}  // namespace weir
