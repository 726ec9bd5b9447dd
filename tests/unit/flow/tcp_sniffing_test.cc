// TCP connections whose rule asks for the host: which of them wait for their client's first bytes,
// how long, and what becomes of these.
#include "flow/tcp_sniffing.h"

#include "catch.h"
#include "flow/server_first.h"
#include "sniff/hello_builder.h"
#include "tcp_flow_world.h"

namespace weir {
namespace {

using World = TcpFlowWorld;

constexpr Port named = 8101;    // by host: alpha's to server a, dropped and refused ones, the rest
constexpr Port mail = 8102;     // by host, and no such rule refuses
constexpr Port unnamed = 8103;  // host = none is refused
constexpr std::string_view web = ".alpha.example";

Configuration by_host() {
  Configuration out = World::standard();
  const auto add = [&](const std::string& name, Port port, const std::string& use,
                       const std::string& host) {
    RuleSettings rule = World::rule(name, port, use);
    if (!host.empty()) {
      rule.set(said("host", host));
    }
    out.rules.push_back(std::move(rule));
  };
  add("refused", named, "reject", "ads.example");
  add("alpha", named, "one", std::string(web));
  add("rest", named, "own", "");
  add("mails", mail, "one", "mail.example");
  add("mail", mail, "own", "");
  add("nameless", unnamed, "reject", "none");
  add("has-name", unnamed, "own", "");
  return out;
}

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

std::string hello_for(const std::string& host) {
  return text_of(record_of(hello_with({server_name(host)})));
}

std::string request_for(const std::string& host) {
  return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

// The only record's field, once the client has gone.
std::string recorded(World& world, TcpPeer& client, const std::string& key) {
  client.reset();
  world.until([&]() { return world.flows->size() == 0; });
  return world.recorded(key);
}

}  // namespace

TEST_CASE("a connection waits for the name that its rule asks for, and goes on whole") {
  World world(by_host());
  TcpPeer client = world.open(named);
  CHECK(world.flows->size() == 1);
  const std::string hello = hello_for("www.alpha.example");
  for (const char byte : hello) {
    CHECK(world.network.tries(World::server_a()) == 0);
    client.say(std::string(1, byte));
    world.settle();
  }
  world.until([&]() { return world.network.tries(World::server_a()) != 0; });
  TcpPeer& server = world.network.peer(World::server_a());
  CHECK(world.hears(server, hello));
  client.reset();
  world.until([&]() { return world.flows->size() == 0; });
  const auto record = world.records().front();
  CHECK(World::field(record, "rule") == "alpha");
  CHECK(World::field(record, "host") == "www.alpha.example");
  CHECK(World::field(record, "host_from") == "sni");
}

TEST_CASE("a request's host decides as a hello's does") {
  World world(by_host());
  TcpPeer client = world.open(named);
  client.say(request_for("Alpha.Example."));
  world.settle();
  CHECK(recorded(world, client, "rule") == "alpha");
  CHECK(world.recorded("host") == "alpha.example");
  CHECK(world.recorded("host_from") == "http");
}

TEST_CASE("the outer name of an encrypted hello is marked") {
  World world(by_host());
  TcpPeer client = world.open(named);
  client.say(text_of(record_of(hello_with({server_name("cover.example"), outer_ech()}))));
  world.settle();
  CHECK(recorded(world, client, "rule") == "rest");
  CHECK(world.recorded("host") == "cover.example");
  CHECK(world.recorded("ech") == "yes");
}

TEST_CASE("a name that a rule refuses resets the client") {
  World world(by_host());
  TcpPeer client = world.open(named);
  client.say(hello_for("ads.example"));
  CHECK(world.end_heard_by(client) == TcpPeer::State::reset);
  CHECK(world.recorded("rule") == "refused");
  CHECK(world.recorded("end") == "rejected");
}

TEST_CASE("first bytes of another protocol are waited for no longer") {
  World world(by_host());
  TcpPeer client = world.open(named);
  client.say("\x05\x01");
  world.settle();
  CHECK(recorded(world, client, "rule") == "rest");
  CHECK(world.recorded("host").empty());
}

TEST_CASE("a client that stays silent has no name once timeouts.sniff is over") {
  World world(by_host());
  TcpPeer client = world.open(named);
  world.pass(Milliseconds(200));
  CHECK(world.records().empty());
  CHECK(world.flows->size() == 1);
  world.pass(Milliseconds(200));
  CHECK(recorded(world, client, "rule") == "rest");
  CHECK(world.recorded("host").empty());
}

TEST_CASE("host = none says what becomes of a client without a name") {
  World world(by_host());
  TcpPeer silent = world.open(unnamed);
  world.pass(Milliseconds(400));
  CHECK(world.end_heard_by(silent) == TcpPeer::State::reset);
  CHECK(world.recorded("rule") == "nameless");
}

TEST_CASE("a client that ends, or resets, before it has a name is let go on") {
  for (const bool resets : {false, true}) {
    World world(by_host());
    TcpPeer client = world.open(named);
    if (resets) {
      client.reset();
    } else {
      client.finish();
    }
    world.until([&]() { return world.network.opened() != 0 || world.flows->size() == 0; });
    world.pass(Milliseconds(400));
    client.reset();
    world.until([&]() { return world.flows->size() == 0; });
    CHECK(world.recorded("rule") == "rest");
  }
}

TEST_CASE("a port that no rule asks by host waits for nothing") {
  World world(by_host());
  TcpPeer client = world.open(World::own);
  CHECK(world.network.opened() != 0);
}

TEST_CASE("where the server spoke first, the next client is not waited for, for ten minutes") {
  World world(by_host());
  const auto greeted = [&](Port port, Port from) {
    TcpPeer client = world.open(port, from);
    world.pass(Milliseconds(400));
    TcpPeer& server = world.network.peer(World::destination(port));
    server.say("220 mail.example\r\n");
    CHECK(world.hears(client, "220 mail.example\r\n"));
  };
  greeted(mail, 4001);
  CHECK(world.count(Reason::server_first) == 1);
  {
    const auto before = world.network.opened();
    TcpPeer next = world.open(mail, 4002);
    CHECK(world.network.opened() > before);
  }
  world.pass(std::chrono::minutes(11));
  {
    const auto before = world.network.opened();
    TcpPeer later = world.open(mail, 4003);
    CHECK(world.network.opened() == before);
  }
  // Never where a rule by host refuses: a name that comes after all has to be seen.
  greeted(named, 4004);
  const auto before = world.network.opened();
  TcpPeer next = world.open(named, 4005);
  CHECK(world.network.opened() == before);
}

TEST_CASE("a server that speaks only after it has waited for long has not spoken first") {
  World world(by_host());
  TcpPeer client = world.open(mail);
  world.pass(Milliseconds(400));
  TcpPeer& server = world.network.peer(World::destination(mail));
  world.pass(std::chrono::seconds(6));
  server.say("HTTP/1.1 408 Request Timeout\r\n");
  CHECK(world.hears(client, "HTTP/1.1 408 Request Timeout\r\n"));
  CHECK(world.count(Reason::server_first) == 0);
}

TEST_CASE("connections that are held end with all others, and are counted") {
  World world(by_host());
  TcpPeer client = world.open(named);
  world.flows->end_all(End::killed);
  CHECK(world.end_heard_by(client) == TcpPeer::State::reset);
  CHECK(world.flows->size() == 0);
  CHECK(world.count(Reason::draining) == 1);
}

TEST_CASE("with more than it holds, the connection that has waited longest goes on") {
  World world;
  std::vector<Port> gone_on;
  std::vector<Descriptor> callers;
  TcpSniffing sniffing(
      {.poll = world.poll,
       .timers = world.timers,
       .calls = TcpNetwork::calls(),
       .then = [&](const Accepted& accepted, const Flow&,
                   const TcpSniffing::Seen&) { gone_on.push_back(accepted.client.port); },
       .most = 2});
  for (const Port from : {Port{1}, Port{2}, Port{3}}) {
    TcpNetwork::Connection made = world.network.connection();
    callers.push_back(std::move(made.caller));
    sniffing.hold({.socket = std::move(made.called),
                   .client = World::client_at(from),
                   .destination = World::destination(named)},
                  {}, Milliseconds(300));
  }
  CHECK(gone_on == std::vector<Port>{1});
  CHECK(sniffing.size() == 2);
}

TEST_CASE("so many destinations are known to speak first, and no more") {
  ServerFirst known;
  const Instant now{std::chrono::hours(1)};
  const auto at = [](std::size_t number) {
    return Endpoint{Address::v4(static_cast<std::uint32_t>(0x0a000000 + number)), 25};
  };
  for (std::size_t i = 0; i < ServerFirst::most + 10; ++i) {
    known.learn(at(i), now);
  }
  CHECK(known.size() == ServerFirst::most);
  CHECK(known.is_known(at(7), now));
  CHECK_FALSE(known.is_known(at(ServerFirst::most + 1), now));
  const Instant later = now + ServerFirst::kept;
  CHECK_FALSE(known.is_known(at(7), later));
  known.learn(at(ServerFirst::most + 1), later);  // the others are forgotten
  CHECK(known.size() == 1);
}

}  // namespace weir
