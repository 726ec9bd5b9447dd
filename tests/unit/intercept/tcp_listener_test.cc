// These need CAP_NET_ADMIN; elsewhere they say that they were skipped.
#include "intercept/tcp_listener.h"

#include <net/if.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "intercept/udp_listener.h"
#include "loopback.h"

namespace weir {
namespace {

struct Gate : SteppedPoll {
  explicit Gate(Family family) {
    auto opened = TcpListener::open(family, 0);
    INFO((opened.ok() ? "" : opened.error().text()));
    REQUIRE(opened.ok());
    port = name_of(opened.value().get()).port;
    TcpListener::Handler handler;
    handler.on_accepted = [this](Accepted one) { accepted.push_back(std::move(one)); };
    handler.on_out_of_descriptors = [this]() { ++out_of_descriptors; };
    handler.on_failed = [this](int code) { failures.push_back(code); };
    listener.emplace(poll, timers, std::move(opened).value(), std::move(handler));
  }
  Port port = 0;
  std::vector<Accepted> accepted;
  int out_of_descriptors = 0;
  std::vector<int> failures;
  TimerWheel timers{poll.now()};
  std::optional<TcpListener> listener;
};

}  // namespace

TEST_CASE("an accepted connection knows its client, its destination and where it came in") {
  if (!may_intercept()) {
    return;
  }
  for (const Family family : {Family::v4, Family::v6}) {
    Gate gate(family);
    const Descriptor client = call({loopback(family), gate.port});
    gate.run();
    REQUIRE(gate.accepted.size() == 1);
    CHECK(gate.accepted[0].client == name_of(client.get()));
    CHECK(gate.accepted[0].destination == Endpoint{loopback(family), gate.port});
    CHECK(inbound_interface(gate.accepted[0].socket.get(), family) == if_nametoindex("lo"));
    // Neither blocks nor is inherited by programs.
    char byte = 0;
    CHECK(recv(gate.accepted[0].socket.get(), &byte, 1, 0) == -1);
    CHECK(errno == EAGAIN);
  }
}

TEST_CASE("a flood of connections is taken in batches, and all of it") {
  if (!may_intercept()) {
    return;
  }
  Gate gate(Family::v4);
  std::vector<Descriptor> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(call({loopback(Family::v4), gate.port}));
  }
  gate.run();
  CHECK(gate.accepted.size() == 64);
  gate.run();
  CHECK(gate.accepted.size() == 100);
  CHECK(gate.failures.empty());
}

TEST_CASE("a listener of each family minds its own, on the same port") {
  if (!may_intercept()) {
    return;
  }
  Gate four(Family::v4);
  const auto six = TcpListener::open(Family::v6, four.port);
  CHECK(six.ok());
  const auto another_worker = TcpListener::open(Family::v4, four.port);
  CHECK(another_worker.ok());
  CHECK(UdpListener::open(Family::v4, four.port).ok());
  CHECK(UdpListener::open(Family::v6, four.port).ok());
}

TEST_CASE("a port that another program has is told with what was being tried") {
  if (!may_intercept()) {
    return;
  }
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const Descriptor holder(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    sockaddr_storage raw{};
    const socklen_t length = Endpoint{Address::any(Family::v4), 0}.to(raw);
    REQUIRE(bind(holder.get(), reinterpret_cast<const sockaddr*>(&raw), length) == 0);
    if (type == SOCK_STREAM) {
      REQUIRE(listen(holder.get(), 1) == 0);
    }
    const Port port = name_of(holder.get()).port;
    const auto opened = type == SOCK_STREAM ? TcpListener::open(Family::v4, port)
                                            : UdpListener::open(Family::v4, port);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().text() ==
          std::string("cannot listen for intercepted IPv4 ") +
              (type == SOCK_STREAM ? "connections on TCP" : "datagrams on UDP") + " port " +
              std::to_string(port) + ": Address already in use");
  }
}

TEST_CASE("a closed listener takes no connection any more") {
  if (!may_intercept()) {
    return;
  }
  Gate gate(Family::v4);
  const Descriptor client = call({loopback(Family::v4), gate.port});
  gate.listener->close();
  gate.listener->on_events(0);  // an event of the same batch
  CHECK(gate.accepted.empty());
  CHECK(was_reset(client));
}

TEST_CASE("without descriptors a connection is reset and counted, and the listener lives on") {
  if (!may_intercept()) {
    return;
  }
  Gate gate(Family::v4);
  std::vector<Descriptor> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(call({loopback(Family::v4), gate.port}));
  }
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  // Everything below the lowest free number is taken; the reserve's number is, too.
  const int lowest_free = ::dup(0);
  ::close(lowest_free);
  const rlimit tight{static_cast<rlim_t>(lowest_free), before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
  gate.run();
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(gate.out_of_descriptors == 3);
  CHECK(gate.accepted.empty());
  CHECK(gate.failures.empty());
  for (const Descriptor& client : clients) {
    CHECK(was_reset(client));
  }
  const Descriptor later = call({loopback(Family::v4), gate.port});
  gate.run();
  CHECK(gate.accepted.size() == 1);
}

}  // namespace weir
