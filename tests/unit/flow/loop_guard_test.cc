#include "flow/loop_guard.h"

#include <string>

#include "catch.h"

namespace weir {
namespace {

constexpr Port own_port = 50080;

Endpoint endpoint(const std::string& text) { return Endpoint::parse(text).value(); }

Flow flow(const std::string& client, const std::string& destination,
          Protocol protocol = Protocol::tcp) {
  return {.protocol = protocol,
          .client = endpoint(client),
          .destination = endpoint(destination),
          .interface = 0};
}

LoopGuard::OwnSocket own(const std::string& local, const std::string& remote,
                         Protocol protocol = Protocol::tcp) {
  return {protocol, endpoint(local), remote.empty() ? Endpoint{} : endpoint(remote), 0};
}

}  // namespace

TEST_CASE("the gateway's own port on this machine is no destination") {
  OwnSocketTables tables;
  const LoopGuard guard(tables, 0);
  CHECK(guard.check(flow("198.51.100.2:4000", "127.0.0.1:50080"), own_port).is_loop);
  CHECK(guard.check(flow("198.51.100.2:4000", "[::1]:50080"), own_port).is_loop);
  CHECK_FALSE(guard.check(flow("198.51.100.2:4000", "127.0.0.1:50081"), own_port).is_loop);
  // Another host's port of that number is one like any other.
  CHECK_FALSE(guard.check(flow("198.51.100.2:4000", "203.0.113.5:50080"), own_port).is_loop);
}

TEST_CASE("a flow from an address of ours with a socket's very tuple is that socket's") {
  OwnSocketTables tables;
  LoopGuard guard(tables, 0);
  const auto socket = own("127.0.0.1:41000", "203.0.113.5:80");
  guard.opened(socket);
  CHECK(guard.check(flow("127.0.0.1:41000", "203.0.113.5:80"), own_port).is_loop);
  CHECK_FALSE(guard.check(flow("127.0.0.1:41000", "203.0.113.6:80"), own_port).is_loop);
  CHECK_FALSE(guard.check(flow("127.0.0.1:41001", "203.0.113.5:80"), own_port).is_loop);
  CHECK_FALSE(
      guard.check(flow("127.0.0.1:41000", "203.0.113.5:80", Protocol::udp), own_port).is_loop);
  guard.closed(socket);
  CHECK_FALSE(guard.check(flow("127.0.0.1:41000", "203.0.113.5:80"), own_port).is_loop);
}

TEST_CASE("a client that uses a port we borrowed in its name is served") {
  OwnSocketTables tables;
  LoopGuard guard(tables, 0);
  guard.opened(own("198.51.100.2:41000", "203.0.113.5:80"));
  const auto finding = guard.check(flow("198.51.100.2:41000", "203.0.113.5:80"), own_port);
  CHECK_FALSE(finding.is_loop);
  CHECK(finding.generation == 1);
  const auto elsewhere = guard.check(flow("198.51.100.2:41000", "203.0.113.6:80"), own_port);
  CHECK_FALSE(elsewhere.is_loop);
  CHECK(elsewhere.generation == 0);
}

TEST_CASE("a flow that comes back in a spoofed name again and again is refused") {
  OwnSocketTables tables;
  LoopGuard guard(tables, 0);
  Flow looping = flow("198.51.100.2:41000", "203.0.113.5:80");
  int passes = 0;
  std::vector<LoopGuard::OwnSocket> opened;
  while (passes < 100) {
    const auto finding = guard.check(looping, own_port);
    if (finding.is_loop) {
      break;
    }
    ++passes;
    // Each pass opens a socket with a port that the kernel chooses, and its packets come back.
    looping.client.port = static_cast<Port>(42'000 + passes);
    opened.push_back({Protocol::tcp, looping.client, looping.destination, finding.generation});
    guard.opened(opened.back());
  }
  CHECK(passes == LoopGuard::max_generations);
  for (const auto& socket : opened) {
    guard.closed(socket);
  }
  CHECK(guard.check(looping, own_port).generation == 0);
}

TEST_CASE("a mapping may send to any peer, so that any destination of its is suspect") {
  OwnSocketTables tables;
  LoopGuard guard(tables, 0);
  const auto mapping = own("127.0.0.1:41000", "", Protocol::udp);
  guard.opened(mapping);
  CHECK(guard.check(flow("127.0.0.1:41000", "203.0.113.5:53", Protocol::udp), own_port).is_loop);
  CHECK(guard.check(flow("127.0.0.1:41000", "203.0.113.6:99", Protocol::udp), own_port).is_loop);
  CHECK_FALSE(guard.check(flow("127.0.0.1:41000", "203.0.113.5:53"), own_port).is_loop);
  guard.closed(mapping);
  CHECK_FALSE(
      guard.check(flow("127.0.0.1:41000", "203.0.113.5:53", Protocol::udp), own_port).is_loop);
}

TEST_CASE("a mapping of no address stands for all of ours, and for no others") {
  OwnSocketTables tables;
  LoopGuard guard(tables, 0);
  guard.opened({Protocol::udp, {Address::any(Family::v4), 41000}, {}, 0});
  guard.opened({Protocol::udp, {Address::any(Family::v6), 42000}, {}, 0});
  const auto check = [&](const std::string& client, const std::string& destination) {
    return guard.check(flow(client, destination, Protocol::udp), own_port).is_loop;
  };
  CHECK(check("127.0.0.1:41000", "203.0.113.5:53"));
  CHECK(check("[::1]:42000", "[2001:db8::5]:53"));
  CHECK_FALSE(check("198.51.100.2:41000", "203.0.113.5:53"));
  CHECK_FALSE(check("127.0.0.1:42000", "203.0.113.5:53"));  // that one is IPv6's
}

TEST_CASE("a flow that comes back to another worker is known there") {
  OwnSocketTables tables(3);
  LoopGuard mine(tables, 0);
  const LoopGuard others(tables, 2);
  const auto socket = own("127.0.0.1:41000", "203.0.113.5:80");
  mine.opened(socket);
  CHECK(others.check(flow("127.0.0.1:41000", "203.0.113.5:80"), own_port).is_loop);
  mine.closed(socket);
  CHECK_FALSE(others.check(flow("127.0.0.1:41000", "203.0.113.5:80"), own_port).is_loop);
}

TEST_CASE("generations add up whichever worker a looping flow comes back to") {
  OwnSocketTables tables(2);
  LoopGuard one(tables, 0);
  LoopGuard two(tables, 1);
  Flow looping = flow("198.51.100.2:41000", "203.0.113.5:80");
  int passes = 0;
  for (; passes < 100; ++passes) {
    LoopGuard& guard = passes % 2 == 0 ? one : two;
    const auto finding = guard.check(looping, own_port);
    if (finding.is_loop) {
      break;
    }
    looping.client.port = static_cast<Port>(42'000 + passes);
    guard.opened({Protocol::tcp, looping.client, looping.destination, finding.generation});
  }
  CHECK(passes == LoopGuard::max_generations);
}

}  // namespace weir
