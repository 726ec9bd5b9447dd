// A dial from start to its one report.
#include "dial/tcp_dial.h"

#include <sys/epoll.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "caller.h"
#include "catch.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Outcome = TcpDial::Outcome;

}  // namespace

TEST_CASE("a server that accepts is dialled once") {
  if (!may_intercept()) {
    return;
  }
  const Listening server("127.0.0.1:0");
  const Scripted pool(4, {server.local});
  Caller caller(pool);
  REQUIRE(caller.start() == Outcome::connecting);
  CHECK(caller.sockets == std::multiset{caller.tuple()});
  CHECK(caller.waits_for_time());
  caller.wait();
  CHECK(caller.outcome == Outcome::connected);
  CHECK(caller.dial->attempts() == 1);
  CHECK(caller.dial->route().server == pool.servers()[0]);
  CHECK(caller.dial->route().remote == server.local);
  CHECK_FALSE(caller.waits_for_time());
  const Endpoint local = caller.dial->ends().local;
  const Descriptor socket = caller.dial->take_socket().socket;
  CHECK(name_of(socket.get()) == local);
  CHECK(server.accept_one() == local);
  // From here on the owner watches over the connection's ends.
  caller.dial->abandon();
  CHECK(caller.sockets.size() == 1);
  CHECK(caller.reports == 1);
}

TEST_CASE("refused by one server, a flow goes to the next one") {
  if (!may_intercept()) {
    return;
  }
  const Listening server("127.0.0.1:0");
  const Scripted pool(4,
                      {free_endpoint("127.0.0.1:0"), free_endpoint("127.0.0.1:0"), server.local});
  Caller caller(pool);
  REQUIRE(caller.start() == Outcome::connecting);
  caller.wait();
  CHECK(caller.outcome == Outcome::connected);
  CHECK(caller.dial->attempts() == 3);
  CHECK(caller.dial->route().server == pool.servers()[2]);
  CHECK(caller.retried == std::vector<std::string>{"server1", "server2"});
  CHECK(pool.servers()[0]->failures_total == 1);
  CHECK(pool.servers()[1]->failures_total == 1);
  CHECK(pool.servers()[2]->failures_total == 0);
  CHECK(caller.sockets.size() == 1);
  CHECK(caller.reports == 1);
}

TEST_CASE("when all servers refuse, the flow is refused, with the last one's error") {
  if (!may_intercept()) {
    return;
  }
  const Endpoint nobody = free_endpoint("127.0.0.1:0");
  const Scripted pool(9, {nobody, nobody});
  Caller caller(pool);
  REQUIRE(caller.start() == Outcome::connecting);
  caller.wait();
  CHECK(caller.outcome == Outcome::refused);
  CHECK(caller.dial->error() == "connect: Connection refused");
  CHECK(caller.dial->attempts() == 2);
  CHECK(caller.sockets.empty());
  CHECK_FALSE(caller.waits_for_time());
  CHECK(caller.reports == 1);
}

TEST_CASE("no more servers are tried than the upstream allows") {
  if (!may_intercept()) {
    return;
  }
  const Endpoint nobody = free_endpoint("127.0.0.1:0");
  for (const int attempts : {1, 2}) {
    const Scripted pool(attempts, {nobody, nobody, nobody});
    Caller caller(pool);
    REQUIRE(caller.start() == Outcome::connecting);
    caller.wait();
    CHECK(caller.outcome == Outcome::refused);
    CHECK(caller.dial->attempts() == static_cast<std::uint32_t>(attempts));
    CHECK(caller.retried.size() == static_cast<std::size_t>(attempts - 1));
  }
}

TEST_CASE("a server that does not answer in time is given up, not a moment earlier") {
  if (!may_intercept()) {
    return;
  }
  const Silent silent;
  const Scripted pool(1, {silent.local});
  Caller caller(pool, 10s);
  REQUIRE(caller.start() == Outcome::connecting);
  caller.pass(9999ms);
  CHECK_FALSE(caller.outcome.has_value());
  CHECK(caller.sockets.size() == 1);
  caller.pass(51ms);
  CHECK(caller.outcome == Outcome::timed_out);
  CHECK(caller.dial->error() == "connect: Connection timed out");
  CHECK(caller.sockets.empty());
  CHECK_FALSE(caller.waits_for_time());
}

TEST_CASE("after a timeout the next server is tried") {
  if (!may_intercept()) {
    return;
  }
  const Silent silent;
  const Listening server("127.0.0.1:0");
  const Scripted pool(2, {silent.local, server.local});
  Caller caller(pool, 10s);
  REQUIRE(caller.start() == Outcome::connecting);
  caller.pass(10s);
  CHECK_FALSE(caller.outcome.has_value());
  CHECK(caller.retried == std::vector<std::string>{"server1"});
  CHECK(caller.waits_for_time());
  caller.wait();
  CHECK(caller.outcome == Outcome::connected);
  CHECK(caller.dial->route().server == pool.servers()[1]);
  CHECK(caller.reports == 1);
}

TEST_CASE("what a policy refuses is known at once, and nothing is opened") {
  struct Row {
    Route::Verdict verdict;
    Outcome outcome;
  };
  for (const Row& row :
       {Row{Route::Verdict::reject, Outcome::rejected}, Row{Route::Verdict::drop, Outcome::dropped},
        Row{Route::Verdict::no_server, Outcome::no_server}}) {
    Scripted pool(4, {});
    pool.verdict = row.verdict;
    Caller caller(pool);
    CHECK(caller.start() == row.outcome);
    CHECK(caller.reports == 0);  // start() said it
    CHECK(caller.dial->attempts() == 0);
    CHECK(caller.dial->error().empty());
    CHECK(caller.sockets.empty());
    CHECK_FALSE(caller.waits_for_time());
  }
}

TEST_CASE("a source that cannot be had fails the flow and names the step") {
  if (!may_intercept()) {
    return;
  }
  const Listening server("127.0.0.1:0");
  const Scripted pool(1, {server.local},
                      {SourceKind::address, Address::parse("203.0.113.9").value()});
  Caller caller(pool);
  CHECK(caller.start() == Outcome::source_unavailable);
  CHECK(caller.dial->error() == "bind to the source: Cannot assign requested address");
  CHECK(caller.reports == 0);
  CHECK(caller.sockets.empty());
}

TEST_CASE("a flow that ends while it is dialled leaves nothing behind") {
  if (!may_intercept()) {
    return;
  }
  const Silent silent;
  const Scripted pool(4, {silent.local, silent.local});
  Caller caller(pool);
  REQUIRE(caller.start() == Outcome::connecting);
  caller.dial->abandon();
  CHECK(caller.sockets.empty());
  CHECK_FALSE(caller.waits_for_time());
  caller.dial->on_events(EPOLLERR | EPOLLHUP);  // an event of the same batch
  caller.pass(1h);
  CHECK(caller.reports == 0);
  CHECK(caller.retried.empty());
  caller.dial->abandon();  // once more does no harm
}

// A server with further addresses, at its port.
void add_addresses(Scripted& pool, const std::vector<std::string>& more) {
  pool.hops = [more](Route& route, const Flow&, const Target&) {
    for (const std::string& address : more) {
      route.alternates.push_back(Address::parse(address).value());
    }
  };
}

std::string at_port_of(const std::string& address, const Endpoint& other) {
  return address + ":" + std::to_string(other.port);
}

TEST_CASE("an address that refuses gives way to the server's next one, within the same attempt") {
  if (!may_intercept()) {
    return;
  }
  const Listening server("127.0.0.2:0");
  Scripted pool(1, {Endpoint::parse(at_port_of("127.0.0.1", server.local)).value()});
  add_addresses(pool, {"127.0.0.2"});
  Caller caller(pool, 10s);
  REQUIRE(caller.start() == Outcome::connecting);
  caller.wait();
  CHECK(caller.outcome == Outcome::connected);
  CHECK(caller.dial->route().remote == server.local);
  CHECK(caller.dial->attempts() == 1);
  CHECK(pool.servers()[0]->failures_total == 0);
  CHECK(caller.sockets == std::multiset<std::string>{caller.tuple()});
  // The first socket's end is not the second's.
  CHECK((caller.dial->events_seen() & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) == 0);
}

TEST_CASE("an address that does not answer is joined by the next one after a quarter of a second") {
  if (!may_intercept()) {
    return;
  }
  const Silent silent;
  const Listening server(at_port_of("127.0.0.2", silent.local));
  Scripted pool(1, {silent.local});
  add_addresses(pool, {"127.0.0.2"});
  Caller caller(pool, 10s);
  REQUIRE(caller.start() == Outcome::connecting);
  caller.pass(200ms);
  CHECK(caller.sockets.size() == 1);
  caller.pass(101ms);
  CHECK(caller.sockets.size() == 2);
  caller.wait();
  CHECK(caller.outcome == Outcome::connected);
  CHECK(caller.reports == 1);
  CHECK(caller.dial->route().remote == server.local);
  CHECK(caller.sockets == std::multiset<std::string>{caller.tuple()});
  CHECK_FALSE(caller.waits_for_time());
}

TEST_CASE("when no address of a server answers, that is one timeout, at the usual time") {
  if (!may_intercept()) {
    return;
  }
  const Silent silent;
  Scripted pool(1, {silent.local});
  add_addresses(pool, {silent.local.address.text()});
  Caller caller(pool, 10s);
  REQUIRE(caller.start() == Outcome::connecting);
  caller.pass(301ms);
  CHECK(caller.sockets.size() == 2);
  caller.pass(9698ms);
  CHECK_FALSE(caller.outcome.has_value());
  caller.pass(101ms);
  CHECK(caller.outcome == Outcome::timed_out);
  CHECK(caller.reports == 1);
  CHECK(pool.servers()[0]->failures_total == 1);
  CHECK(caller.sockets.empty());
}

TEST_CASE("when the first address fails, the one dialled beside it is waited for") {
  if (!may_intercept()) {
    return;
  }
  const Silent silent;
  Scripted pool(1, {silent.local});
  add_addresses(pool, {"127.0.0.3"});  // where nothing listens
  Caller caller(pool, 10s);
  REQUIRE(caller.start() == Outcome::connecting);
  caller.pass(301ms);
  caller.wait([&]() { return caller.sockets.size() == 1; });
  CHECK_FALSE(caller.outcome.has_value());  // the first may still answer
  caller.pass(10s);
  CHECK(caller.outcome == Outcome::timed_out);
  CHECK(caller.sockets.empty());
}

}  // namespace weir
