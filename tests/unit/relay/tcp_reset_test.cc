// How connections end in anger: RST on either side, at any time, is told as that side's and passed
// on.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "catch.h"
#include "tcp_world.h"

namespace weir {
namespace {

using Progress = TcpRelay::Progress;

constexpr std::uint8_t up = 0x11;

// Without reading: has the reset come?
bool was_reset(const TcpEnd& end) {
  tcp_info info{};
  socklen_t length = sizeof info;
  return getsockopt(end.socket.get(), IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
         info.tcpi_state == TCP_CLOSE;
}

}  // namespace

TEST_CASE("a reset on either side is told as that side's, and passed on") {
  for (const bool swapped : {false, true}) {
    TcpWorld world;
    const TcpWorld::Roles r = world.roles(swapped);
    r.one.say("hello");
    REQUIRE(world.until([&]() { return r.other.read_all(), r.other.heard == "hello"; }));
    r.one.reset();
    REQUIRE(world.until([&]() { return world.over(); }));
    CHECK(world.state == r.one_reset);
    CHECK(world.relay->error() == ECONNRESET);
    world.relay->reset();
    REQUIRE(world.until([&]() { return r.other.read_all(), r.other.error != 0; }));
    CHECK(r.other.error == ECONNRESET);
    CHECK_FALSE(r.other.ended);
  }
}

TEST_CASE("what came before a reset is delivered before it") {
  for (const bool swapped : {false, true}) {
    TcpWorld world;
    const TcpWorld::Roles r = world.roles(swapped);
    r.one.say("and another thing");
    r.one.reset();
    REQUIRE(world.until([&]() { return world.over(); }));
    CHECK(world.state == r.one_reset);
    r.other.read_all();
    CHECK(r.other.heard == "and another thing");
  }
}

TEST_CASE("a refusal that comes with a reset is delivered to who is still sending") {
  // A server that answers early and closes: its answer waits in our socket when the next write to
  // it fails.
  for (const bool swapped : {false, true}) {
    TcpWorld world;
    const TcpWorld::Roles r = world.roles(swapped);
    const int other_inner = swapped ? world.client_side : world.server_side;
    r.one.say("a long upload");
    REQUIRE(world.until([&]() { return r.other.read_all(), !r.other.heard.empty(); }));
    r.other.say("413 too large");
    r.other.reset();
    while (TcpWorld::readable(other_inner) < 13) {
    }
    r.one.say("more of it");
    const int inner = swapped ? world.server_side : world.client_side;
    while (TcpWorld::readable(inner) < 10) {
    }
    // The sender's event is served first.
    const auto state =
        swapped ? world.relay->on_server_events(EPOLLIN) : world.relay->on_client_events(EPOLLIN);
    CHECK(state == r.other_reset);
    r.one.read_all();
    CHECK(r.one.heard == "413 too large");
  }
}

TEST_CASE("who ends and then resets is heard, though the other side says nothing") {
  for (const bool swapped : {false, true}) {
    TcpWorld world;
    const TcpWorld::Roles r = world.roles(swapped);
    r.one.say("question");
    r.one.finish();
    REQUIRE(world.until([&]() { return r.other.read_all(), r.other.ended; }));
    r.one.reset();
    REQUIRE(world.until([&]() { return world.over(); }));
    CHECK(world.state == r.one_reset);
    CHECK(world.relay->error() != 0);
  }
}

TEST_CASE("a reset is passed on although the other side takes nothing") {
  for (const int kernel_buffers : {0, 4096}) {
    for (const bool swapped : {false, true}) {
      TcpWorld world({.max_stashed = 16 * 1024, .kernel_buffers = kernel_buffers});
      const TcpWorld::Roles r = world.roles(swapped);
      world.block(r.one, up);
      r.one.reset();
      REQUIRE(world.until([&]() { return world.over(); }));
      CHECK(world.state == r.one_reset);
      world.relay->reset();
      CHECK(world.until([&]() { return was_reset(r.other); }));
      world.relay.reset();
      CHECK(world.free_pipes() == PipePool::max);
    }
  }
}

TEST_CASE("a receiver that goes away while data flows to it is the one that reset") {
  for (const bool swapped : {false, true}) {
    TcpWorld world;
    const TcpWorld::Roles r = world.roles(swapped);
    r.other.socket.reset();  // closed both ways: FIN first, RST for what comes then
    REQUIRE(world.until([&]() {
      r.one.write_all(10'000, up);
      return world.over();
    }));
    CHECK(world.state == r.other_reset);
    CHECK((world.relay->error() == EPIPE || world.relay->error() == ECONNRESET));
  }
}

TEST_CASE("after a reset of the relay both sides are gone") {
  TcpWorld world;
  world.relay->reset();
  REQUIRE(world.until([&]() { return was_reset(world.client) && was_reset(world.server); }));
  world.client.read_all();
  world.server.read_all();
  CHECK(world.client.error == ECONNRESET);
  CHECK(world.server.error == ECONNRESET);
  world.relay->reset();  // once more does no harm
}

TEST_CASE("closing what is closed already does nothing") {
  Descriptor none;
  close_with_reset(none);
  CHECK_FALSE(none.valid());
}

TEST_CASE("urgent data is passed in its place and holds nothing up") {
  for (const std::size_t bulk : {std::size_t{0}, std::size_t{1} << 20U}) {
    for (const bool swapped : {false, true}) {
      TcpWorld world;
      const TcpWorld::Roles r = world.roles(swapped);
      // After bulk the direction would splice.
      REQUIRE(world.until([&]() {
        r.one.write_all(bulk - r.one.poured, up);
        r.other.read_pattern(SIZE_MAX, up);
        return r.other.drunk == bulk;
      }));
      r.one.say("before");
      REQUIRE(send(r.one.socket.get(), "!", 1, MSG_OOB | MSG_NOSIGNAL) == 1);
      r.one.say("after");
      CHECK(world.until([&]() { return r.other.read_all(), r.other.heard.size() >= 12; }));
      CHECK(r.other.heard == "before!after");
      r.one.finish();
      CHECK(world.until([&]() { return r.other.read_all(), r.other.ended; }));
    }
  }
}

}  // namespace weir
