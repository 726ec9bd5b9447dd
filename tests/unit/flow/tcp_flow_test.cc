// What becomes of a TCP connection: with which word it ends, what is counted and written of it, and
// what its client and its server hear. The network and the clock are the test's.
#include "flow/tcp_flow.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "tcp_flow_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using World = TcpFlowWorld;
using Call = TcpNetwork::Call;
using State = TcpPeer::State;

// What one failure of the network does to a connection to the single server.
struct Failed {
  std::string end;
  std::string error;
  State client;
  std::uint64_t counted;
};
Failed failed(World& world, Reason reason, Port port = World::one) {
  TcpPeer client = world.open(port);
  const State state = world.end_heard_by(client);
  CHECK(world.flows->size() == 0);
  CHECK(world.timers.is_empty());
  return {world.recorded("end"), world.recorded("error"), state, world.count(reason)};
}
void check(const Failed& is, std::string_view end, std::string_view error) {
  CHECK(is.end == end);
  CHECK(is.error == error);
  CHECK(is.client == State::reset);
  CHECK(is.counted == 1);
}

// A flow that its server has accepted.
struct Connected {
  explicit Connected(World& world, Port port = World::one)
      : client(world.open(port)), server(world.network.peer(World::server_a())) {
    REQUIRE(world.flows->size() == 1);
  }
  TcpPeer client;
  TcpPeer& server;
};

const std::string method_none{"\x05\x00", 2};
const std::string succeeded{"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10};

}  // namespace

TEST_CASE("a refused connection resets the client and ends as connect-failed, connect-refused") {
  World world;
  world.network.fails_later(World::server_a(), ECONNREFUSED);
  check(failed(world, Reason::connect_refused), "connect-failed", "connect: Connection refused");
  CHECK(world.recorded("attempts") == "1");
  CHECK(world.recorded("server_address") == "192.0.2.11:5300");
}

TEST_CASE("an unreachable server resets the client and counts as connect-unreachable") {
  for (const int code : {EHOSTUNREACH, ENETUNREACH}) {
    World world;
    world.network.fails_later(World::server_a(), code);
    check(failed(world, Reason::connect_unreachable), "connect-failed",
          std::string("connect: ") + std::strerror(code));
  }
}

TEST_CASE("a router without a route ends the flow as no-route, not as its server's failure") {
  for (const int code : {EHOSTUNREACH, ENETUNREACH, EACCES}) {
    World world;
    world.network.fails_at_once(World::server_a(), code);
    check(failed(world, Reason::no_route), "no-route",
          std::string("connect: ") + std::strerror(code));
    CHECK(world.count(Reason::connect_unreachable) == 0);
  }
}

TEST_CASE("a router without descriptors ends the flow as limit, out-of-descriptors") {
  for (const int code : {EMFILE, ENFILE}) {
    World world;
    world.network.fail(Call::socket, code);
    check(failed(world, Reason::out_of_descriptors, World::pool), "limit",
          std::string("socket: ") + std::strerror(code));
    CHECK(world.count(Reason::retried) == 0);
  }
}

TEST_CASE("a source without a free port ends the flow as connect-failed, source-unavailable") {
  for (const int code : {EADDRNOTAVAIL, EADDRINUSE}) {
    World world;
    world.network.fail(Call::connect, code);
    check(failed(world, Reason::source_unavailable), "connect-failed",
          std::string("connect: ") + std::strerror(code));
  }
}

TEST_CASE("what connect says besides is counted as connect-error") {
  for (const int code : {ENOBUFS, ENOMEM, EPERM, ENETDOWN}) {
    World world;
    world.network.fails_at_once(World::server_a(), code);
    check(failed(world, Reason::connect_error), "connect-failed",
          std::string("connect: ") + std::strerror(code));
  }
}

TEST_CASE("a silent server is given up after timeouts.connect, and the client reset") {
  World world;
  world.network.is_silent(World::server_a());
  TcpPeer client = world.open(World::one);
  world.pass(9'900ms);
  CHECK(client.observe() == State::open);
  CHECK(world.flows->size() == 1);
  world.pass(150ms);
  CHECK(world.end_heard_by(client) == State::reset);
  CHECK(world.recorded("end") == "connect-timeout");
  CHECK(world.count(Reason::connect_timeout) == 1);
  CHECK(world.network.peer(World::server_a()).how_ended() == State::ended);
}

TEST_CASE("a client's port that is taken is counted, and the flow goes on with another one") {
  World world;
  world.network.fail(Call::bind, EADDRINUSE);
  const TcpPeer client = world.open(World::spoofed);
  CHECK(world.count(Reason::source_port_taken) == 1);
  REQUIRE(world.flows->size() == 1);
  world.flows->end_all(End::killed);
  CHECK(world.recorded("source").starts_with("198.51.100.7:"));
  CHECK(world.recorded("source") != "198.51.100.7:4000");
}

TEST_CASE("a client that cannot be watched is reset and counted as out-of-memory") {
  World world;
  world.accept(Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC)), World::one);
  CHECK(world.flows->size() == 0);
  CHECK(world.recorded("end") == "limit");
  CHECK(world.recorded("error") == "cannot watch the connection");
  CHECK(world.count(Reason::out_of_memory) == 1);
  CHECK(world.network.opened() == 0);
}

TEST_CASE("a rule that rejects resets the client at once and opens nothing") {
  World world;
  TcpPeer client = world.open(World::reject);
  CHECK(world.end_heard_by(client) == State::reset);
  CHECK(world.recorded("end") == "rejected");
  CHECK(world.count(Reason::rejected) == 1);
  CHECK(world.network.opened() == 0);
}

TEST_CASE("a rule that drops ends the flow without a reset, and counts it as dropped") {
  World world;
  TcpPeer client = world.open(World::drop);
  CHECK(client.observe() != State::reset);
  CHECK(world.flows->size() == 0);
  CHECK(world.recorded("end") == "dropped");
  CHECK(world.count(Reason::dropped) == 1);
}

TEST_CASE("without a server that may have it a flow ends as no-server, and nothing is opened") {
  World world;
  world.server("one", "a")->health.set_admin_state(ServerHealth::AdminState::down, world.now);
  check(failed(world, Reason::no_server), "no-server", "");
  CHECK(world.network.opened() == 0);
}

TEST_CASE("a server that fails gives way to the next one, which the record names") {
  World world;
  world.network.fails_later(World::server_a(), ECONNREFUSED);
  TcpPeer client = world.open(World::pool);
  TcpPeer& server = world.network.peer(World::server_b());
  client.say("hello");
  CHECK(world.hears(server, "hello"));
  CHECK(world.count(Reason::retried) == 1);
  CHECK(world.count(Reason::connect_refused) == 0);
  CHECK(world.server("pool", "b")->counts().live() == 1);
  CHECK(world.server("pool", "a")->counts().live() == 0);
  world.flows->end_all(End::killed);
  CHECK(world.recorded("server") == "b");
  CHECK(world.recorded("server_address") == "192.0.2.12:5300");
  CHECK(world.recorded("attempts") == "2");
  CHECK(world.server("pool", "a")->failures_total == 1);
}

TEST_CASE("the member of a group that took a flow is recorded, and counts the flow and its bytes") {
  constexpr Port of_group = 8010;
  Configuration from = World::standard();
  from.upstreams.push_back(section("two", {{"type", "forward"}, {"server", "b=192.0.2.12:5300"}}));
  from.upstreams.push_back(section("any", {{"type", "group"}, {"members", "one, two"}}));
  from.rules.push_back(World::rule("any", of_group, "any"));
  World world(std::move(from));
  world.network.fails_later(World::server_a(), ECONNREFUSED);
  TcpPeer client = world.open(of_group);
  client.say("hello");
  CHECK(world.hears(world.network.peer(World::server_b()), "hello"));
  const auto counted = [&](const std::string& name) { return world.upstreams.get(name)->sum(); };
  for (const auto* name : {"any", "two"}) {
    INFO(name);
    CHECK(counted(name).live == 1);
    CHECK(counted(name).flows == 1);
    CHECK(counted(name).bytes_up == 5);
  }
  CHECK(counted("one").flows == 0);
  world.flows->end_all(End::killed);
  CHECK(counted("any").live == 0);
  CHECK(counted("two").live == 0);
  CHECK(world.recorded("upstream") == "any");
  CHECK(world.recorded("member") == "two");
}

TEST_CASE("the member of a group that refuses a flow is recorded, too") {
  constexpr Port of_group = 8010;
  Configuration from = World::standard();
  from.upstreams.push_back(section("any", {{"type", "group"}, {"members", "one, reject"}}));
  from.rules.push_back(World::rule("any", of_group, "any"));
  World world(std::move(from));
  world.network.fails_later(World::server_a(), ECONNREFUSED);
  check(failed(world, Reason::rejected, of_group), "rejected", "connect: Connection refused");
  CHECK(world.recorded("upstream") == "any");
  CHECK(world.recorded("member") == "reject");
  CHECK(world.recorded("server").empty());
}

TEST_CASE("when all servers fail, the record has the last one, and every attempt is counted") {
  World world;
  world.network.fails_later(World::server_a(), ECONNREFUSED);
  world.network.fails_later(World::server_b(), EHOSTUNREACH);
  check(failed(world, Reason::connect_unreachable, World::pool), "connect-failed",
        "connect: No route to host");
  CHECK(world.recorded("server") == "b");
  CHECK(world.recorded("attempts") == "2");
  CHECK(world.count(Reason::retried) == 1);
}

TEST_CASE("a record names no source where the last attempt opened no socket") {
  World world;
  world.network.fails_later(World::server_a(), ECONNREFUSED);
  world.network.fails_at_once(World::server_b(), ENETUNREACH);
  check(failed(world, Reason::no_route, World::pool), "no-route",
        "connect: Network is unreachable");
  CHECK(world.recorded("server_address") == "192.0.2.12:5300");
  CHECK(world.recorded("source").empty());
}

TEST_CASE("what a client sends while its server is dialled reaches the server first") {
  World world;
  world.network.is_silent(World::server_a());
  TcpPeer client = world.open(World::one);
  client.say("early");
  world.pass(1s);
  world.network.answer(World::server_a());
  CHECK(world.hears(world.network.peer(World::server_a()), "early"));
}

TEST_CASE("a client that ends its sending while its server is dialled still gets its answer") {
  World world;
  world.network.is_silent(World::server_a());
  TcpPeer client = world.open(World::one);
  client.say("question");
  client.finish();
  world.pass(1s);
  CHECK(world.flows->size() == 1);
  world.network.answer(World::server_a());
  TcpPeer& server = world.network.peer(World::server_a());
  CHECK(world.end_heard_by(server) == State::ended);
  CHECK(server.heard == "question");
  server.say("answer");
  server.finish();
  CHECK(world.end_heard_by(client) == State::ended);
  CHECK(client.heard == "answer");
  CHECK(world.recorded("end") == "closed");
}

TEST_CASE("a client that resets while its server is dialled ends the dial as client-reset") {
  World world;
  world.network.is_silent(World::server_a());
  TcpPeer client = world.open(World::pool);
  client.reset();
  world.until([&]() { return world.flows->size() == 0; });
  CHECK(world.recorded("end") == "client-reset");
  CHECK(world.recorded("error") == "the client reset the connection while connecting");
  CHECK(world.network.peer(World::server_a()).how_ended() == State::ended);
  CHECK(world.network.tries(World::server_b()) == 0);
  CHECK(world.server("pool", "a")->failures_total == 0);
  CHECK(world.timers.is_empty());
}

TEST_CASE("a flow that is closed by hand while it is dialled ends as killed, both ends closed") {
  World world;
  world.network.is_silent(World::server_a());
  TcpPeer client = world.open(World::pool);
  REQUIRE(world.flows->end(1, End::killed));
  CHECK(world.end_heard_by(client) == State::reset);
  CHECK(world.network.peer(World::server_a()).how_ended() == State::ended);
  CHECK(world.recorded("end") == "killed");
  CHECK(world.recorded("server") == "a");
  world.pass(1h);
  CHECK(world.network.tries(World::server_b()) == 0);
}

TEST_CASE("an answer that comes just as its flow is killed harms no flow that comes after it") {
  World world;
  world.network.is_silent(World::server_a());
  TcpPeer killed = world.open(World::one);
  world.network.answer(World::server_a());  // its event waits
  world.flows->end_all(End::killed);
  TcpPeer next = world.open(World::own, 4001);  // with the same descriptors
  CHECK(world.end_heard_by(killed) == State::reset);
  next.say("hello");
  CHECK(world.hears(world.network.peer(World::destination(World::own)), "hello"));
  CHECK(world.records().size() == 1);
}

TEST_CASE("a proxy that never answers ends the flow as handshake-failed, handshake-timeout") {
  World world;
  TcpPeer client = world.open(World::proxy);
  world.pass(9'900ms);
  CHECK(world.flows->size() == 1);
  world.pass(150ms);
  CHECK(world.end_heard_by(client) == State::reset);
  CHECK(world.recorded("end") == "handshake-failed");
  CHECK(world.recorded("error") == "no answer within timeouts.handshake");
  CHECK(world.count(Reason::handshake_timeout) == 1);
}

TEST_CASE("a proxy that speaks something else ends the flow as handshake-failed") {
  World world;
  TcpPeer client = world.open(World::proxy);
  world.network.peer(World::server_of_proxy()).say("HTTP/1.0 400 Bad request");
  CHECK(world.end_heard_by(client) == State::reset);
  CHECK(world.recorded("end") == "handshake-failed");
  CHECK(world.count(Reason::handshake_failed) == 1);
  CHECK(world.server("proxy", "p")->failures_total == 1);
}

TEST_CASE("a target that a proxy cannot reach ends the flow as connect-failed, not the proxy's") {
  World world;
  TcpPeer client = world.open(World::proxy);
  TcpPeer& server = world.network.peer(World::server_of_proxy());
  server.say(method_none);
  world.until([&]() { return server.observe() == State::open && server.heard.size() > 3; });
  server.say({"\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00", 10});  // host unreachable
  CHECK(world.end_heard_by(client) == State::reset);
  CHECK(world.recorded("end") == "connect-failed");
  CHECK(world.count(Reason::target_unreachable) == 1);
  CHECK(world.server("proxy", "p")->failures_total == 0);
}

TEST_CASE("a client that resets in the middle of a handshake ends it as client-reset") {
  World world;
  TcpPeer client = world.open(World::proxy);
  client.reset();
  world.until([&]() { return world.flows->size() == 0; });
  CHECK(world.recorded("end") == "client-reset");
  CHECK(world.network.peer(World::server_of_proxy()).how_ended() != State::open);
  CHECK(world.count(Reason::handshake_failed) == 0);
  CHECK(world.server("proxy", "p")->failures_total == 0);
}

TEST_CASE("what a server says with the handshake's last word reaches the client") {
  World world;
  TcpPeer client = world.open(World::proxy);
  TcpPeer& server = world.network.peer(World::server_of_proxy());
  server.say(method_none + succeeded + "220 ready");
  CHECK(world.hears(client, "220 ready"));
}

TEST_CASE("a record tells how long the connection and the handshake took, and the first byte") {
  World world;
  world.network.is_silent(World::server_of_proxy());
  TcpPeer client = world.open(World::proxy);
  world.pass(300ms);
  world.network.answer(World::server_of_proxy());
  world.settle();
  TcpPeer& server = world.network.peer(World::server_of_proxy());
  world.pass(200ms);
  server.say(method_none + succeeded);
  world.settle();
  world.pass(1s);
  server.say("x");
  CHECK(world.hears(client, "x"));
  world.flows->end_all(End::killed);
  CHECK(world.recorded("connect_ms") == "300.000");
  CHECK(world.recorded("handshake_ms") == "500.000");
  CHECK(world.recorded("first_byte_ms") == "1500.000");
  CHECK(world.recorded("duration_ms") == "1500.000");
}

TEST_CASE("a client that has said all still hears the server, until that has said all, too") {
  World world;
  Connected flow(world);
  flow.client.say("question");
  flow.client.finish();
  CHECK(world.end_heard_by(flow.server) == State::ended);
  CHECK(flow.server.heard == "question");
  world.pass(3min);
  flow.server.say("first");
  CHECK(world.hears(flow.client, "first"));
  world.pass(3min);
  flow.server.say(" second");
  flow.server.finish();
  CHECK(world.end_heard_by(flow.client) == State::ended);
  CHECK(flow.client.heard == "first second");
  CHECK(world.flows->size() == 0);
  CHECK(world.recorded("end") == "closed");
  CHECK(world.recorded("bytes_up") == "8");
  CHECK(world.recorded("bytes_down") == "12");
}

TEST_CASE("a server that has said all still hears the client, until that has said all, too") {
  World world;
  Connected flow(world);
  flow.server.say("banner");
  flow.server.finish();
  CHECK(world.end_heard_by(flow.client) == State::ended);
  flow.client.say("last words");
  CHECK(world.hears(flow.server, "last words"));
  flow.client.finish();
  CHECK(world.end_heard_by(flow.server) == State::ended);
  CHECK(world.recorded("end") == "closed");
}

TEST_CASE("a half-closed flow that falls silent is reset after timeouts.half-closed") {
  for (const bool by_client : {true, false}) {
    World world;
    Connected flow(world);
    TcpPeer& done = by_client ? flow.client : flow.server;
    TcpPeer& other = by_client ? flow.server : flow.client;
    done.finish();
    CHECK(world.end_heard_by(other) == State::ended);
    world.pass(4min - 200ms);
    CHECK(world.flows->size() == 1);
    world.pass(300ms);
    CHECK(world.flows->size() == 0);
    CHECK(world.recorded("end") == "half-closed-timeout");
    CHECK(world.end_heard_by(done) == State::reset);
  }
}

TEST_CASE("a client that resets resets its server, and the flow ends as client-reset") {
  World world;
  Connected flow(world);
  flow.client.say("a word");
  CHECK(world.hears(flow.server, "a word"));
  flow.client.reset();
  CHECK(world.end_heard_by(flow.server) == State::reset);
  CHECK(world.recorded("end") == "client-reset");
  CHECK(world.recorded("error") == "Connection reset by peer");
  CHECK(world.recorded("bytes_up") == "6");
}

TEST_CASE("a server that resets resets its client, and the flow ends as server-reset") {
  World world;
  Connected flow(world);
  flow.server.say("a word");
  CHECK(world.hears(flow.client, "a word"));
  flow.server.reset();
  CHECK(world.end_heard_by(flow.client) == State::reset);
  CHECK(world.recorded("end") == "server-reset");
  CHECK(world.recorded("bytes_down") == "6");
  CHECK(world.server("one", "a")->failures_total == 0);
}

TEST_CASE("what a server said before it reset reaches a client that reads late") {
  World world;
  Connected flow(world);
  const std::size_t poured = flow.server.write_all(std::size_t{4} << 20U);
  world.settle();
  flow.server.reset();
  std::size_t heard = 0;
  world.until([&]() {
    const State state = flow.client.observe();
    heard = flow.client.heard.size();
    world.pass(TimerWheel::tick);
    return state != State::open;
  });
  CHECK(flow.client.observe() == State::reset);
  CHECK(heard > 0);
  CHECK(heard <= poured);
  CHECK(world.recorded("end") == "server-reset");
  CHECK(world.recorded("bytes_down") == std::to_string(heard));
}

TEST_CASE("a client that never reads what a server said before it reset is given ten seconds") {
  World world;
  Connected flow(world);
  while (flow.server.write_all(std::size_t{1} << 20U) != 0) {
    world.settle();
  }
  flow.server.reset();
  world.settle();
  CHECK(world.flows->size() == 1);
  world.pass(9'900ms);
  CHECK(world.flows->size() == 1);
  world.pass(200ms);
  CHECK(world.flows->size() == 0);
  CHECK(world.recorded("end") == "server-reset");
}

TEST_CASE("a flow in which nothing moves is reset after timeouts.tcp-idle, not a moment earlier") {
  Configuration configuration = World::standard();
  configuration.timeouts.tcp_idle = 20min;
  World world(configuration);
  Connected flow(world);
  world.pass(20min - 200ms);
  CHECK(world.flows->size() == 1);
  world.pass(300ms);
  CHECK(world.end_heard_by(flow.client) == State::reset);
  CHECK(world.end_heard_by(flow.server) == State::reset);
  CHECK(world.recorded("end") == "idle");
  CHECK(world.recorded("error").empty());
}

TEST_CASE("a byte in either direction keeps a flow for another timeouts.tcp-idle") {
  Configuration configuration = World::standard();
  configuration.timeouts.tcp_idle = 20min;
  World world(configuration);
  Connected flow(world);
  world.pass(15min);
  flow.client.say("u");
  CHECK(world.hears(flow.server, "u"));
  world.pass(15min);
  flow.server.say("d");
  CHECK(world.hears(flow.client, "d"));
  world.pass(15min);
  CHECK(world.flows->size() == 1);
  world.pass(6min);
  CHECK(world.flows->size() == 0);
  CHECK(world.recorded("end") == "idle");
}

TEST_CASE("a flow keeps the timeouts it opened with when a reload changes them") {
  World world;
  const Connected flow(world);
  Configuration shorter = World::standard();
  shorter.timeouts.tcp_idle = 1min;
  world.use(shorter);
  world.pass(1h);
  CHECK(world.flows->size() == 1);
}

TEST_CASE("a rule's limit resets the flow beyond it and leaves the one below it alone") {
  World world;
  TcpPeer first = world.open(World::limited);
  TcpPeer second = world.open(World::limited, 4001);
  CHECK(world.end_heard_by(second) == State::reset);
  CHECK(world.recorded("end") == "limit");
  CHECK(world.recorded("error") == "max-flows of the rule reached");
  CHECK(world.count(Reason::rule_max_flows) == 1);
  first.say("still here");
  CHECK(world.hears(world.network.peer(World::destination(World::limited)), "still here"));
}

TEST_CASE("a flow that ends makes room for the next one at a limit, however it ended") {
  World world;
  world.network.fails_later(World::destination(World::limited), ECONNREFUSED);
  TcpPeer refused = world.open(World::limited);
  CHECK(world.end_heard_by(refused) == State::reset);
  world.network.accepts(World::destination(World::limited));
  TcpPeer reset = world.open(World::limited, 4001);
  reset.reset();
  world.until([&]() { return world.flows->size() == 0; });
  const TcpPeer next = world.open(World::limited, 4002);
  CHECK(world.flows->size() == 1);
  CHECK(world.count(Reason::rule_max_flows) == 0);
}

TEST_CASE("a client that keeps coming at a limit is written once, and counted every time") {
  World world;
  const TcpPeer first = world.open(World::limited);
  for (Port from = 4001; from < 4011; ++from) {
    TcpPeer refused = world.open(World::limited, from);
    CHECK(world.end_heard_by(refused) == State::reset);
  }
  CHECK(world.records().size() == 1);
  CHECK(world.count(Reason::rule_max_flows) == 10);
}

TEST_CASE("max-flows and max-flows-per-client refuse with their own names") {
  struct Row {
    std::uint64_t all;
    std::uint64_t per_client;
    Reason reason;
    std::string error;
  };
  for (const Row& row :
       {Row{1, 1'000, Reason::max_flows, "max-flows reached"},
        Row{1'000, 1, Reason::max_flows_per_client, "max-flows-per-client reached"}}) {
    Configuration configuration = World::standard();
    configuration.limits.max_flows = row.all;
    configuration.limits.max_flows_per_client = row.per_client;
    World world(configuration);
    const TcpPeer first = world.open(World::one);
    TcpPeer second = world.open(World::one, 4001);
    CHECK(world.end_heard_by(second) == State::reset);
    CHECK(world.count(row.reason) == 1);
    CHECK(world.recorded("error") == row.error);
    CHECK(world.flows->size() == 1);
  }
}

TEST_CASE(
    "a gateway that ends with flows at every stage resets them all and writes them as drained") {
  World world;
  TcpPeer relayed = world.open(World::limited);
  world.network.is_silent(World::destination(World::own));
  TcpPeer dialling = world.open(World::own, 4001);
  TcpPeer talking = world.open(World::proxy, 4002);
  TcpPeer half_closed = world.open(World::pool, 4003);
  half_closed.finish();
  world.settle();
  REQUIRE(world.flows->size() == 4);
  world.flows->end_all(End::drained);
  CHECK(world.flows->size() == 0);
  for (TcpPeer* client : {&relayed, &dialling, &talking, &half_closed}) {
    CHECK(world.end_heard_by(*client) == State::reset);
  }
  const auto records = world.records();
  REQUIRE(records.size() == 4);
  for (const std::string& record : records) {
    CHECK(World::field(record, "end") == "drained");
  }
  CHECK(world.timers.is_empty());
}

TEST_CASE("a rule that logs errors writes a flow that failed and none that went well") {
  World world;
  TcpPeer well = world.open(World::errors);
  well.finish();
  world.settle();
  world.network.peer(World::destination(World::errors)).finish();
  CHECK(world.end_heard_by(well) == State::ended);
  world.until([&]() { return world.flows->size() == 0; });
  CHECK(world.records().empty());
  world.network.fails_later(World::destination(World::errors), ECONNREFUSED);
  TcpPeer refused = world.open(World::errors, 4001);
  CHECK(world.end_heard_by(refused) == State::reset);
  CHECK(world.recorded("end") == "connect-failed");
}

TEST_CASE("a server's live flows are those that are connected, its load those that dial, too") {
  World world;
  const auto server = world.server("one", "a");
  world.network.is_silent(World::server_a());
  TcpPeer client = world.open(World::one);
  CHECK(server->counts().live() == 0);
  CHECK(server->counts().load() == 1);
  world.network.answer(World::server_a());
  world.settle();
  CHECK(server->counts().live() == 1);
  client.reset();
  world.until([&]() { return world.flows->size() == 0; });
  CHECK(server->counts().live() == 0);
  CHECK(server->counts().load() == 0);
  CHECK(world.rules.get("one")->sum().live == 0);
  CHECK(world.rules.get("one")->sum().flows == 1);
}

TEST_CASE("rule, upstream and server have a live flow's bytes, and not twice at its end") {
  World world;
  Connected flow(world);
  flow.client.say("12345");
  CHECK(world.hears(flow.server, "12345"));
  CHECK(world.rules.get("one")->sum().bytes_up == 5);
  CHECK(world.server("one", "a")->counts().sum().bytes_up == 5);
  flow.server.say("123");
  CHECK(world.hears(flow.client, "123"));
  world.flows->end_all(End::killed);
  CHECK(world.rules.get("one")->sum().bytes_up == 5);
  CHECK(world.upstreams.get("one")->sum().bytes_down == 3);
  CHECK(world.server("one", "a")->counts().sum().bytes_up == 5);
  CHECK(world.server("one", "a")->counts().sum().bytes_down == 3);
}

}  // namespace weir
