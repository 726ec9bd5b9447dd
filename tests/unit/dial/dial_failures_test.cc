// Every way in which a connection can fail to come about, and what becomes of the flow, of its
// servers and of the sockets then. The network and the clock are the test's.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.h"
#include "dial_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Outcome = TcpDial::Outcome;
using Call = TcpNetwork::Call;
using Names = std::vector<std::string>;

std::uint64_t failures(const Scripted& pool, std::size_t server) {
  return pool.servers()[server]->failures_total;
}

constexpr Source by_client_port{SourceKind::client_port, {}};

// Says one word and waits for one letter: y it is done, s the server is to blame, t the target,
// r one of them.
class OneWord final : public Handshake {
 public:
  State start(const Opening&, std::string& out) override {
    out += "word";
    return State::waiting;
  }
  Progress receive(std::string_view in, std::string&) override {
    switch (in.front()) {
      case 'y':
        return {State::done, 1};
      case 't':
        return fail("target", Fault::target);
      case 'r':
        return fail("request", Fault::request);
      default:
        return fail("server");
    }
  }
};

// The servers want to hear a word first.
void expect_word(Scripted& pool) {
  pool.hops = [](Route& route, const Flow&, const Target&) {
    route.hops.push_back(
        {.server = route.server, .upstream = "pool", .handshake = std::make_unique<OneWord>()});
  };
}

// The servers have further addresses, at their port.
void add_addresses(Scripted& pool, std::vector<std::string> more) {
  pool.hops = [more = std::move(more)](Route& route, const Flow&, const Target&) {
    for (const std::string& address : more) {
      route.alternates.push_back(Address::parse(address).value());
    }
  };
}

}  // namespace

TEST_CASE("a server that refuses fails the flow as refused, and counts against the server") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1));
  world.network.fails_later(DialWorld::server(1), ECONNREFUSED);
  CHECK(world.run(pool) == Outcome::refused);
  CHECK(world.dial->error() == "connect: Connection refused");
  CHECK(failures(pool, 0) == 1);
  CHECK(world.reports == 1);
  CHECK(world.has_nothing_open());
}

TEST_CASE("a router on the path that has no route further makes the server unreachable") {
  for (const int code : {EHOSTUNREACH, ENETUNREACH}) {
    DialWorld world;
    const Scripted pool(1, DialWorld::servers(1));
    world.network.fails_later(DialWorld::server(1), code);
    CHECK(world.run(pool) == Outcome::unreachable);
    CHECK(failures(pool, 0) == 1);
    CHECK(world.has_nothing_open());
  }
}

TEST_CASE("this router having no route, or forbidding it, is a different outcome") {
  for (const int code : {EHOSTUNREACH, ENETUNREACH, EACCES}) {
    DialWorld world;
    const Scripted pool(1, DialWorld::servers(1));
    world.network.fails_at_once(DialWorld::server(1), code);
    CHECK(world.run(pool) == Outcome::no_route);
    CHECK(world.reports == 0);  // it was known at once
    CHECK(world.has_nothing_open());
  }
}

TEST_CASE("a route that the router forbids does not count against the server behind it") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1));
  world.network.fails_at_once(DialWorld::server(1), EACCES);
  CHECK(world.run(pool) == Outcome::no_route);
  CHECK(failures(pool, 0) == 0);
}

TEST_CASE("a connection that the kernel gives up before we do is a timeout as well") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1));
  world.network.fails_later(DialWorld::server(1), ETIMEDOUT);
  CHECK(world.run(pool) == Outcome::timed_out);
  CHECK(failures(pool, 0) == 1);
  CHECK(world.has_nothing_open());
}

TEST_CASE("what else a network answers fails the flow in the kernel's words") {
  for (const int code : {ECONNRESET, EPROTO, ENOPROTOOPT, ENETDOWN, EOPNOTSUPP}) {
    DialWorld world;
    const Scripted pool(1, DialWorld::servers(1));
    world.network.fails_later(DialWorld::server(1), code);
    CHECK(world.run(pool) == Outcome::failed);
    CHECK(world.dial->error() == std::string("connect: ") + std::strerror(code));
    CHECK(world.has_nothing_open());
  }
}

TEST_CASE("without descriptors no other server is tried: it would fare no better") {
  for (const int code : {EMFILE, ENFILE}) {
    DialWorld world;
    const Scripted pool(4, DialWorld::servers(3));
    world.network.fail(Call::socket, code);
    CHECK(world.run(pool) == Outcome::out_of_descriptors);
    CHECK(world.dial->attempts() == 1);
    CHECK(world.retried.empty());
    CHECK(world.network.opened() == 0);
  }
}

TEST_CASE("without descriptors no server is to blame") {
  for (const int code : {EMFILE, ENFILE}) {
    DialWorld world;
    const Scripted pool(4, DialWorld::servers(1));
    world.network.fail(Call::socket, code);
    CHECK(world.run(pool) == Outcome::out_of_descriptors);
    CHECK(failures(pool, 0) == 0);
  }
}

TEST_CASE("without memory for a socket other servers are tried, and none is to blame") {
  for (const int code : {ENOBUFS, ENOMEM}) {
    DialWorld world;
    const Scripted pool(2, DialWorld::servers(3));
    world.network.fail(Call::socket, code, 2);
    CHECK(world.run(pool) == Outcome::failed);
    CHECK(world.dial->error() == std::string("socket: ") + std::strerror(code));
    CHECK(world.retried == Names{"server1"});
    CHECK(failures(pool, 0) + failures(pool, 1) == 0);
  }
}

TEST_CASE("a shortage of memory that passes costs an attempt and not the flow") {
  DialWorld world;
  const Scripted pool(2, DialWorld::servers(2));
  world.network.fail(Call::socket, ENOBUFS);
  CHECK(world.run(pool) == Outcome::connected);
  CHECK(world.dial->route().server == pool.servers()[1]);
  CHECK(world.dial->attempts() == 2);
}

TEST_CASE("without a free source port the flow goes to another server, and none is to blame") {
  DialWorld world;
  const Scripted pool(2, DialWorld::servers(2));
  world.network.fail(Call::connect, EADDRNOTAVAIL);
  CHECK(world.run(pool) == Outcome::connected);
  CHECK(world.retried == Names{"server1"});
  CHECK(failures(pool, 0) == 0);
  CHECK(world.sockets == std::multiset<std::string>{DialWorld::server(2).text()});
}

TEST_CASE("without a free source port towards any server the source is what fails the flow") {
  for (const int code : {EADDRNOTAVAIL, EADDRINUSE}) {
    DialWorld world;
    const Scripted pool(2, DialWorld::servers(2));
    world.network.fail(Call::connect, code, 2);
    CHECK(world.run(pool) == Outcome::source_unavailable);
    CHECK(failures(pool, 0) + failures(pool, 1) == 0);
    CHECK(world.has_nothing_open());
  }
}

TEST_CASE("the client's port that is taken gives way to another one, which is counted") {
  for (const Call call : {Call::bind, Call::connect}) {
    for (const int code : {EADDRINUSE, EADDRNOTAVAIL, EACCES}) {
      DialWorld world;
      const Scripted pool(1, DialWorld::servers(1), by_client_port);
      world.network.fail(call, code);
      CHECK(world.run(pool) == Outcome::connected);
      CHECK(world.source_port_taken == 1);
      CHECK(world.dial->attempts() == 1);
      CHECK(world.dial->ends().local.address == world.flow.client.address);
      CHECK(world.dial->ends().local.port != world.flow.client.port);
      CHECK(world.sockets.size() == 1);
    }
  }
}

TEST_CASE("the client's port that is free is what the server sees, and nothing is counted") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1), by_client_port);
  CHECK(world.run(pool) == Outcome::connected);
  CHECK(world.dial->ends().local == world.flow.client);
  CHECK(world.source_port_taken == 0);
}

TEST_CASE("a client's address that cannot be bound at all is a source that is unavailable") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1), by_client_port);
  world.network.fail(Call::bind, EADDRNOTAVAIL, 2);
  CHECK(world.run(pool) == Outcome::source_unavailable);
  CHECK(world.dial->error() == "bind to the source: Cannot assign requested address");
  CHECK(world.source_port_taken == 1);
  CHECK(world.has_nothing_open());
}

TEST_CASE("every socket towards a server carries the bypass-mark, beside its upstream's own") {
  DialWorld world;
  const SocketOptions options{.mark = Mark{0x100, 0xf00}, .interface = {}, .dscp = {}};
  Scripted pool(1, DialWorld::servers(1));
  pool.hops = [&](Route& route, const Flow&, const Target&) { route.options = &options; };
  CHECK(world.run(pool) == Outcome::connected);
  const auto& set = world.network.socket_to(DialWorld::server(1)).options;
  CHECK(set.at({SOL_SOCKET, SO_MARK}) == 0x102);
}

TEST_CASE("without the bypass-mark no packet leaves: it would be intercepted again") {
  DialWorld world;
  const Scripted pool(2, DialWorld::servers(2));
  world.network.fail_option(SOL_SOCKET, SO_MARK, EPERM);
  CHECK(world.run(pool) == Outcome::failed);
  CHECK(world.dial->error() == "set the bypass-mark: Operation not permitted");
  CHECK(world.network.tries(DialWorld::server(1)) + world.network.tries(DialWorld::server(2)) == 0);
  CHECK(failures(pool, 0) + failures(pool, 1) == 0);
}

TEST_CASE("without the right to a client's address no packet leaves with another one") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1), {SourceKind::client, {}});
  world.network.fail_option(SOL_IP, IP_TRANSPARENT, EPERM);
  CHECK(world.run(pool) == Outcome::failed);
  CHECK(world.dial->error() == "bind to the source: Operation not permitted");
  CHECK(world.network.tries(DialWorld::server(1)) == 0);
  CHECK(failures(pool, 0) == 0);
}

TEST_CASE("an interface that is gone fails the flow, not the server's reputation") {
  DialWorld world;
  const SocketOptions options{.mark = {}, .interface = "wan9", .dscp = {}};
  Scripted pool(1, DialWorld::servers(1));
  pool.hops = [&](Route& route, const Flow&, const Target&) { route.options = &options; };
  world.network.fail_option(SOL_SOCKET, SO_BINDTODEVICE, ENODEV);
  CHECK(world.run(pool) == Outcome::failed);
  CHECK(world.dial->error() == "bind to the interface: No such device");
  CHECK(failures(pool, 0) == 0);
  CHECK(world.network.tries(DialWorld::server(1)) == 0);
}

TEST_CASE("a route that policy rules do not have is known before a socket is opened") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1));
  world.no_route = ENETUNREACH;
  CHECK(world.run(pool) == Outcome::unreachable);
  CHECK(world.dial->error() == "find the route that policy rules want: Network is unreachable");
  CHECK(world.network.opened() == 0);
}

TEST_CASE("a socket that the kernel does not watch is closed, and no server is to blame") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1));
  world.network.is_unwatchable();
  CHECK(world.run(pool) == Outcome::failed);
  CHECK(world.dial->error() == "watch the socket: Operation not permitted");
  CHECK(failures(pool, 0) == 0);
  CHECK(world.has_nothing_open());
}

TEST_CASE("no room for another watch is this machine's trouble, and no server is to blame") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1));
  world.network.fails_at_once(DialWorld::server(1), ENOSPC);  // as epoll says it
  CHECK(world.run(pool) == Outcome::failed);
  CHECK(failures(pool, 0) == 0);
}

TEST_CASE("a source that cannot be asked for costs the record a field and not the flow") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1));
  world.network.fail(Call::getsockname, ENOBUFS);
  CHECK(world.run(pool) == Outcome::connected);
  CHECK(world.dial->ends().local.port == 0);
  CHECK(world.sockets.size() == 1);
}

TEST_CASE("servers that fail in different ways are tried in turn until one accepts") {
  DialWorld world;
  const Scripted pool(9, DialWorld::servers(5));
  world.network.fails_later(DialWorld::server(1), ECONNREFUSED);
  world.network.fails_at_once(DialWorld::server(2), ENETUNREACH);
  world.network.fails_later(DialWorld::server(3), EHOSTUNREACH);
  CHECK(world.run(pool) == Outcome::connected);
  CHECK(world.retried == Names{"server1", "server2", "server3"});
  CHECK(world.dial->attempts() == 4);
  CHECK(world.dial->route().server == pool.servers()[3]);
  CHECK(failures(pool, 3) == 0);
  CHECK(world.network.tries(DialWorld::server(5)) == 0);
  CHECK(world.sockets.size() == 1);
}

TEST_CASE("when all servers fail, the flow ends as the last one did") {
  DialWorld world;
  const Scripted pool(9, DialWorld::servers(2));
  world.network.fails_later(DialWorld::server(1), EHOSTUNREACH);
  world.network.fails_later(DialWorld::server(2), ECONNREFUSED);
  CHECK(world.run(pool) == Outcome::refused);
  CHECK(world.dial->error() == "connect: Connection refused");
  CHECK(world.reports == 1);
}

TEST_CASE("no more servers are tried than retries allow, even where more are left") {
  DialWorld world;
  const Scripted pool(2, DialWorld::servers(3));
  for (int number = 1; number <= 3; ++number) {
    world.network.fails_later(DialWorld::server(number), ECONNREFUSED);
  }
  CHECK(world.run(pool) == Outcome::refused);
  CHECK(world.network.tries(DialWorld::server(3)) == 0);
  CHECK(world.retried == Names{"server1"});
}

TEST_CASE("the source of one attempt is not told of another that opened no socket") {
  DialWorld world;
  const Scripted pool(2, DialWorld::servers(2));
  world.network.fails_later(DialWorld::server(1), ECONNREFUSED);
  world.network.fails_at_once(DialWorld::server(2), ENETUNREACH);
  CHECK(world.run(pool) == Outcome::no_route);
  CHECK(world.dial->ends().remote == DialWorld::server(2));
  CHECK(world.dial->ends().local.port == 0);
}

TEST_CASE("each silent server has the whole of timeouts.connect, and then the next is tried") {
  DialWorld world;
  const Scripted pool(2, DialWorld::servers(2));
  world.network.is_silent(DialWorld::server(1));
  world.network.is_silent(DialWorld::server(2));
  CHECK(world.start(pool) == Outcome::connecting);
  world.pass(9'900ms);
  CHECK(world.network.tries(DialWorld::server(2)) == 0);
  world.pass(150ms);
  CHECK(world.network.tries(DialWorld::server(2)) == 1);
  world.pass(9'900ms);
  CHECK_FALSE(world.outcome);
  world.pass(150ms);
  CHECK(world.outcome == Outcome::timed_out);
  CHECK(failures(pool, 0) == 1);
  CHECK(failures(pool, 1) == 1);
  CHECK(world.has_nothing_open());
}

TEST_CASE("a server that answers at the last moment is connected, and has done nothing wrong") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1));
  world.network.is_silent(DialWorld::server(1));
  CHECK(world.start(pool) == Outcome::connecting);
  world.pass(9'900ms);
  world.network.answer(DialWorld::server(1));
  world.settle();
  CHECK(world.outcome == Outcome::connected);
  CHECK(failures(pool, 0) == 0);
  world.pass(1h);
  CHECK(world.reports == 1);
}

TEST_CASE("a server that was given up hears so: its connection is closed") {
  DialWorld world;
  const Scripted pool(1, DialWorld::servers(1));
  world.network.is_silent(DialWorld::server(1));
  CHECK(world.start(pool) == Outcome::connecting);
  world.pass(10'050ms);
  CHECK(world.network.peer(DialWorld::server(1)).how_ended() == TcpPeer::State::ended);
}

TEST_CASE("a flow that is over while a server is silent closes its connection and says no more") {
  DialWorld world;
  const Scripted pool(4, DialWorld::servers(2));
  world.network.is_silent(DialWorld::server(1));
  CHECK(world.start(pool) == Outcome::connecting);
  world.dial->abandon();
  CHECK(world.network.peer(DialWorld::server(1)).how_ended() == TcpPeer::State::ended);
  world.pass(1h);
  CHECK(world.reports == 0);
  CHECK(world.retried.empty());
  CHECK(failures(pool, 0) == 0);
  CHECK(world.has_nothing_open());
}

TEST_CASE("an address without a route gives way to the server's next one at once") {
  DialWorld world;
  Scripted pool(1, DialWorld::servers(1));
  add_addresses(pool, {"192.0.2.12"});
  world.network.fails_at_once(DialWorld::server(1), ENETUNREACH);
  CHECK(world.run(pool) == Outcome::connected);
  CHECK(world.dial->route().remote == DialWorld::server(2));
  CHECK(world.dial->attempts() == 1);
  CHECK(failures(pool, 0) == 0);
}

TEST_CASE("when every address of a server refuses, that is one failure of the server") {
  DialWorld world;
  Scripted pool(1, DialWorld::servers(1));
  add_addresses(pool, {"192.0.2.12", "192.0.2.13"});
  for (int number = 1; number <= 3; ++number) {
    world.network.fails_later(DialWorld::server(number), ECONNREFUSED);
  }
  CHECK(world.run(pool) == Outcome::refused);
  CHECK(world.network.tries(DialWorld::server(3)) == 1);
  CHECK(failures(pool, 0) == 1);
  CHECK(world.has_nothing_open());
}

TEST_CASE("the address that wins the race closes the connections to the others") {
  DialWorld world;
  Scripted pool(1, DialWorld::servers(1));
  add_addresses(pool, {"192.0.2.12", "192.0.2.13"});
  world.network.is_silent(DialWorld::server(1));
  world.network.is_silent(DialWorld::server(2));
  CHECK(world.start(pool) == Outcome::connecting);
  world.pass(300ms);
  CHECK(world.sockets.size() == 2);
  world.pass(300ms);
  CHECK(world.outcome == Outcome::connected);
  CHECK(world.dial->route().remote == DialWorld::server(3));
  CHECK(world.network.peer(DialWorld::server(1)).how_ended() == TcpPeer::State::ended);
  CHECK(world.network.peer(DialWorld::server(2)).how_ended() == TcpPeer::State::ended);
  CHECK(world.sockets == std::multiset<std::string>{DialWorld::server(3).text()});
}

TEST_CASE("a second address that refuses leaves the first its whole time") {
  DialWorld world;
  Scripted pool(1, DialWorld::servers(1));
  add_addresses(pool, {"192.0.2.12"});
  world.network.is_silent(DialWorld::server(1));
  world.network.fails_later(DialWorld::server(2), ECONNREFUSED);
  CHECK(world.start(pool) == Outcome::connecting);
  world.pass(300ms);
  CHECK(world.sockets == std::multiset<std::string>{DialWorld::server(1).text()});
  world.pass(9'500ms);
  world.network.answer(DialWorld::server(1));
  world.settle();
  CHECK(world.outcome == Outcome::connected);
  CHECK(world.dial->route().remote == DialWorld::server(1));
}

TEST_CASE("when the first address fails late, the second one is waited for and used") {
  DialWorld world;
  Scripted pool(1, DialWorld::servers(1));
  add_addresses(pool, {"192.0.2.12"});
  world.network.is_silent(DialWorld::server(1));
  world.network.is_silent(DialWorld::server(2));
  CHECK(world.start(pool) == Outcome::connecting);
  world.pass(300ms);
  world.network.give_up(DialWorld::server(1), EHOSTUNREACH);
  world.settle();
  CHECK_FALSE(world.outcome);
  world.network.answer(DialWorld::server(2));
  world.settle();
  CHECK(world.outcome == Outcome::connected);
  CHECK(world.dial->route().remote == DialWorld::server(2));
  CHECK(failures(pool, 0) == 0);
  CHECK(world.sockets.size() == 1);
}

TEST_CASE("no descriptor for a second address leaves the first one under way") {
  DialWorld world;
  Scripted pool(1, DialWorld::servers(1));
  add_addresses(pool, {"192.0.2.12"});
  world.network.is_silent(DialWorld::server(1));
  CHECK(world.start(pool) == Outcome::connecting);
  world.network.fail(Call::socket, EMFILE);
  world.pass(300ms);
  CHECK_FALSE(world.outcome);
  world.network.answer(DialWorld::server(1));
  world.settle();
  CHECK(world.outcome == Outcome::connected);
}

TEST_CASE("a server that accepts and says nothing is given up after timeouts.handshake") {
  DialWorld world;
  Scripted pool(1, DialWorld::servers(1));
  expect_word(pool);
  CHECK_FALSE(world.run(pool));
  world.pass(4'900ms);
  CHECK_FALSE(world.outcome);
  world.pass(150ms);
  CHECK(world.outcome == Outcome::handshake_timed_out);
  CHECK(world.dial->error() == "no answer within timeouts.handshake");
  CHECK(failures(pool, 0) == 1);
  CHECK(world.network.peer(DialWorld::server(1)).how_ended() != TcpPeer::State::open);
  CHECK(world.has_nothing_open());
}

TEST_CASE("a slow connection does not shorten the handshake's time") {
  DialWorld world;
  Scripted pool(1, DialWorld::servers(1));
  expect_word(pool);
  world.network.is_silent(DialWorld::server(1));
  CHECK(world.start(pool) == Outcome::connecting);
  world.pass(9'900ms);
  world.network.answer(DialWorld::server(1));
  world.settle();
  world.pass(4'900ms);
  CHECK_FALSE(world.outcome);
  world.network.peer(DialWorld::server(1)).say("y");
  world.settle();
  CHECK(world.outcome == Outcome::connected);
}

TEST_CASE("a server that hangs up in the handshake is to blame, and another one is tried") {
  DialWorld world;
  Scripted pool(2, DialWorld::servers(2));
  expect_word(pool);
  CHECK_FALSE(world.run(pool));
  world.network.peer(DialWorld::server(1)).finish();
  world.until([&]() { return world.network.tries(DialWorld::server(2)) == 1; });
  CHECK(world.dial->error() == "the server closed the connection");
  CHECK(failures(pool, 0) == 1);
  world.settle();
  world.network.peer(DialWorld::server(2)).say("y");
  world.until([&]() { return world.outcome.has_value(); });
  CHECK(world.outcome == Outcome::connected);
  CHECK(world.retried == Names{"server1"});
}

TEST_CASE("a server that resets the connection in the handshake fails it in the kernel's words") {
  DialWorld world;
  Scripted pool(1, DialWorld::servers(1));
  expect_word(pool);
  CHECK_FALSE(world.run(pool));
  world.network.peer(DialWorld::server(1)).reset();
  world.until([&]() { return world.outcome.has_value(); });
  CHECK(world.outcome == Outcome::handshake_failed);
  CHECK(world.dial->error() == "Connection reset by peer");
  CHECK(world.has_nothing_open());
}

TEST_CASE("a proxy that cannot reach the target is well, and no other one is asked") {
  DialWorld world;
  Scripted pool(4, DialWorld::servers(2));
  expect_word(pool);
  CHECK_FALSE(world.run(pool));
  world.network.peer(DialWorld::server(1)).say("t");
  world.until([&]() { return world.outcome.has_value(); });
  CHECK(world.outcome == Outcome::target_failed);
  CHECK(failures(pool, 0) == 0);
  CHECK(world.network.tries(DialWorld::server(2)) == 0);
}

TEST_CASE("a proxy that fails at the request is doubted, and another one of its upstream asked") {
  DialWorld world;
  Scripted pool(2, DialWorld::servers(2));
  expect_word(pool);
  CHECK_FALSE(world.run(pool));
  world.network.peer(DialWorld::server(1)).say("r");
  world.until([&]() { return world.network.tries(DialWorld::server(2)) == 1; });
  world.settle();
  world.network.peer(DialWorld::server(2)).say("y");
  world.until([&]() { return world.outcome.has_value(); });
  CHECK(world.outcome == Outcome::connected);
  CHECK(world.retried == Names{"server1"});
}

TEST_CASE("names that a proxy fails at are one client's doing, however many it makes up") {
  Scripted pool(1, DialWorld::servers(1));
  bool by_host = false;
  pool.hops = [&](Route& route, const Flow&, const Target&) {
    route.hops.push_back({.server = route.server,
                          .upstream = "pool",
                          .handshake = std::make_unique<OneWord>(),
                          .asks_by_host = by_host});
  };
  const auto fail_at = [&](const std::string& client, int destination) {
    DialWorld world;
    world.flow.client = Endpoint::parse(client).value();
    world.flow.destination = {Address::v4(0xcb007100U + static_cast<std::uint32_t>(destination)),
                              80};
    CHECK_FALSE(world.run(pool));
    world.network.peer(DialWorld::server(1)).say("r");
    world.until([&]() { return world.outcome.has_value(); });
    CHECK(world.outcome == Outcome::handshake_failed);
  };
  const ServerHealth& health = pool.servers()[0]->health;
  by_host = true;
  for (int destination = 1; destination <= 40; ++destination) {
    fail_at("198.51.100.7:4000", destination);
  }
  CHECK(health.state() == ServerHealth::State::up);
  pool.servers()[0]->note_success(Instant{});
  for (int number = 1; number <= 40; ++number) {  // of a client with many addresses
    fail_at("[2001:db8::" + std::to_string(number) + "]:4000", number);
  }
  CHECK(health.state() == ServerHealth::State::up);
  pool.servers()[0]->note_success(Instant{});
  SECTION("of many clients they are the proxy's") {
    for (int number = 1; number <= 40; ++number) {
      fail_at("198.51.100." + std::to_string(number) + ":4000", 1);
    }
    CHECK(health.state() == ServerHealth::State::ejected);
  }
  SECTION("and destinations are, of one client, too") {
    by_host = false;
    for (int destination = 1; destination <= 40; ++destination) {
      fail_at("198.51.100.7:4000", destination);
    }
    CHECK(health.state() == ServerHealth::State::ejected);
  }
}

TEST_CASE("what a server sends behind its last answer is left for the flow") {
  DialWorld world;
  Scripted pool(1, DialWorld::servers(1));
  expect_word(pool);
  CHECK_FALSE(world.run(pool));
  world.network.peer(DialWorld::server(1)).say("ypayload");
  world.until([&]() { return world.outcome.has_value(); });
  CHECK(world.outcome == Outcome::connected);
  const Descriptor socket = world.dial->take_socket().socket;
  std::string rest(16, ' ');
  const ssize_t size = recv(socket.get(), rest.data(), rest.size(), MSG_DONTWAIT);
  REQUIRE(size == 7);
  CHECK(rest.substr(0, 7) == "payload");
}

TEST_CASE("a flow that is over in the handshake closes its connection and blames no server") {
  DialWorld world;
  Scripted pool(4, DialWorld::servers(2));
  expect_word(pool);
  CHECK_FALSE(world.run(pool));
  world.dial->abandon();
  CHECK(world.network.peer(DialWorld::server(1)).how_ended() != TcpPeer::State::open);
  CHECK(world.network.peer(DialWorld::server(1)).heard == "word");
  world.pass(1h);
  CHECK(world.reports == 0);
  CHECK(failures(pool, 0) == 0);
  CHECK(world.has_nothing_open());
}

}  // namespace weir
