// How connections end in peace: FIN one way and the other, both at once, and with data on its way.

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "catch.h"
#include "tcp_world.h"

namespace weir {
namespace {

using Progress = TcpRelay::Progress;

constexpr std::uint8_t up = 0x11;
constexpr std::uint8_t down = 0x77;
constexpr std::uint8_t close_wait = 8;  // TCP_CLOSE_WAIT, which the headers do not both have

// From linux/tcp.h: glibc's struct ends before the counts.
tcp_info info_of(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0);
  return info;
}

}  // namespace

TEST_CASE("a half-close passes, and data goes on in the other direction until its own end") {
  for (const bool swapped : {false, true}) {
    TcpWorld world;
    const TcpWorld::Roles r = world.roles(swapped);
    r.one.say("last words");
    r.one.finish();
    REQUIRE(world.until([&]() { return r.other.read_all(), r.other.ended; }));
    CHECK(r.other.heard == "last words");
    CHECK(world.relay->half_closed());
    CHECK_FALSE(world.over());
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t target = r.other.poured + 700'000;
      REQUIRE(world.until([&]() {
        r.other.write_all(target - r.other.poured, down);
        r.one.read_pattern(SIZE_MAX, down);
        return r.one.drunk == target;
      }));
    }
    CHECK_FALSE(r.one.ended);
    CHECK_FALSE(world.over());
    r.other.finish();
    REQUIRE(world.until([&]() { return world.over(); }));
    CHECK(world.state == Progress::closed);
    world.relay.reset();
    REQUIRE(world.until([&]() { return r.one.read_all(), r.one.ended; }));
    CHECK(r.one.error == 0);
    CHECK(r.one.wrong == 0);
  }
}

TEST_CASE("a connection that ends without a byte is closed on both sides") {
  for (const bool swapped : {false, true}) {
    TcpWorld world;
    const TcpWorld::Roles r = world.roles(swapped);
    r.one.finish();
    REQUIRE(world.until([&]() { return r.other.read_all(), r.other.ended; }));
    r.other.finish();
    REQUIRE(world.until([&]() { return world.over(); }));
    CHECK(world.state == Progress::closed);
    CHECK(world.relay->bytes_up() + world.relay->bytes_down() == 0);
  }
}

TEST_CASE("data and end that arrive together both pass") {
  for (const bool swapped : {false, true}) {
    TcpWorld world;
    const TcpWorld::Roles r = world.roles(swapped);
    r.one.say("all I have");
    r.one.finish();
    const int inner = swapped ? world.server_side : world.client_side;
    while (TcpWorld::readable(inner) < 10) {
    }
    REQUIRE(world.until([&]() { return r.other.read_all(), r.other.ended; }));
    CHECK(r.other.heard == "all I have");
  }
}

TEST_CASE("the last bytes and the end that came with them leave in one packet") {
  for (const bool swapped : {false, true}) {
    TcpWorld world;
    const TcpWorld::Roles r = world.roles(swapped);
    const auto before = info_of(r.other.socket.get()).tcpi_segs_in;
    r.one.say("all I have");
    r.one.finish();
    const int inner = swapped ? world.server_side : world.client_side;
    while (info_of(inner).tcpi_state != close_wait) {
    }
    REQUIRE(world.until([&]() { return r.other.read_all(), r.other.ended; }));
    CHECK(r.other.heard == "all I have");
    CHECK(info_of(r.other.socket.get()).tcpi_segs_in == before + 1);
  }
}

TEST_CASE("both sides may end at once, with data on its way") {
  TcpWorld world;
  world.client.write_all(100'000, up);
  world.client.finish();
  world.server.write_all(100'000, down);
  world.server.finish();
  REQUIRE(world.until([&]() {
    world.client.read_pattern(SIZE_MAX, down);
    world.server.read_pattern(SIZE_MAX, up);
    return world.over();
  }));
  CHECK(world.state == Progress::closed);
  world.relay.reset();
  REQUIRE(world.until([&]() {
    world.client.read_pattern(SIZE_MAX, down);
    world.server.read_pattern(SIZE_MAX, up);
    return world.client.ended && world.server.ended;
  }));
  CHECK(world.client.drunk == world.server.poured);
  CHECK(world.server.drunk == world.client.poured);
  CHECK(world.client.wrong + world.server.wrong == 0);
}

TEST_CASE("an end that comes while the other side is blocked is not lost") {
  // Its event is used up while nothing can be read; bulk through a pipe, and small buffers.
  for (const int kernel_buffers : {0, 4096}) {
    for (const bool swapped : {false, true}) {
      TcpWorld world({.max_stashed = 16 * 1024, .kernel_buffers = kernel_buffers});
      const TcpWorld::Roles r = world.roles(swapped);
      world.block(r.one, up);
      r.one.finish();
      world.settle();
      CHECK_FALSE(world.over());
      REQUIRE(world.until([&]() { return r.other.read_pattern(500'000, up), r.other.ended; }));
      CHECK(r.other.drunk == r.one.poured);
      CHECK(r.other.wrong == 0);
      CHECK(world.relay->half_closed());
      CHECK(world.free_pipes() == PipePool::max);
      r.other.say("thank you");
      REQUIRE(world.until([&]() { return r.one.read_all(), r.one.heard == "thank you"; }));
    }
  }
}

}  // namespace weir
