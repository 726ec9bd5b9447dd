// What the kernel may hold of a bulk flow: little where the peer is near, else what it likes.
#include "relay/bulk_buffers.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>

#include "catch.h"
#include "tcp_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t salt = 0x5a;

int option(int fd, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  REQUIRE(getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0);
  return value;
}

// Until that many bytes in all have passed from the client to the server.
void pass(TcpWorld& world, std::uint64_t bytes) {
  REQUIRE(world.until([&]() {
    world.client.pour(bytes - world.client.poured, salt);
    world.server.drink_pattern(SIZE_MAX, salt);
    return world.server.drunk == bytes;
  }));
}

}  // namespace

TEST_CASE("a near peer's buffer holds its round trip at 20 Gbit/s, and a quarter of a megabyte") {
  CHECK(bulk_buffer(0us) == 262'144);
  CHECK(bulk_buffer(20us) == 262'144 + 50'000);
  CHECK(bulk_buffer(1ms) == 262'144 + 2'500'000);
}

TEST_CASE("a peer farther away than a millisecond is left to the kernel") {
  CHECK(bulk_buffer(1001us) == std::nullopt);
  CHECK(bulk_buffer(80ms) == std::nullopt);
  CHECK(bulk_buffer(std::chrono::microseconds(0xffffffff)) == std::nullopt);  // not known
}

TEST_CASE("the buffers on a near peer's way are bounded: what is received here, and sent there") {
  TcpWorld world;
  bound_bulk_buffers(world.client_side, world.server_side);
  // The kernel says twice what it was told; loopback's round trip is some microseconds.
  CHECK(option(world.client_side, SO_RCVBUF) >= 2 * 262'144);
  CHECK(option(world.client_side, SO_RCVBUF) <= 2 * 2'762'144);
  CHECK(option(world.server_side, SO_SNDBUF) >= 2 * 262'144);
  CHECK(option(world.server_side, SO_SNDBUF) <= 2 * 2'762'144);
}

TEST_CASE(
    "a flow's buffers are bounded before it proves to be bulk, and those of its other way are "
    "not") {
  TcpWorld world;
  const int answers = option(world.server_side, SO_RCVBUF);
  pass(world, 32 * 1024);
  CHECK(option(world.client_side, SO_RCVBUF) < 2 * 262'144);
  pass(world, 8'000'000);
  CHECK(world.bulk_bytes() > 0);
  CHECK(option(world.client_side, SO_RCVBUF) >= 2 * 262'144);
  CHECK(option(world.client_side, SO_RCVBUF) <= 2 * 2'762'144);
  CHECK(option(world.server_side, SO_RCVBUF) == answers);
  CHECK(world.server.wrong == 0);
}

TEST_CASE("a receive buffer is never made smaller, whatever is on its way") {
  TcpWorld world;
  const int much = 4'000'000;
  REQUIRE(setsockopt(world.client_side, SOL_SOCKET, SO_RCVBUFFORCE, &much, sizeof much) == 0);
  const int before = option(world.client_side, SO_RCVBUF);
  REQUIRE(before > 2 * 2'762'144);
  bound_bulk_buffers(world.client_side, world.server_side);
  CHECK(option(world.client_side, SO_RCVBUF) == before);
}

TEST_CASE("the window may become as large as the buffer") {
  TcpWorld world;
  bound_bulk_buffers(world.client_side, world.server_side);
  int clamp = 0;
  socklen_t length = sizeof clamp;
  REQUIRE(getsockopt(world.client_side, IPPROTO_TCP, TCP_WINDOW_CLAMP, &clamp, &length) == 0);
  CHECK(clamp == option(world.client_side, SO_RCVBUF));
}

TEST_CASE("what is no TCP socket stays as it was") {
  std::array<int, 2> ends{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const Descriptor one(ends[0]);
  const Descriptor other(ends[1]);
  const int received = option(one.get(), SO_RCVBUF);
  const int sent = option(other.get(), SO_SNDBUF);
  bound_bulk_buffers(one.get(), other.get());
  CHECK(option(one.get(), SO_RCVBUF) == received);
  CHECK(option(other.get(), SO_SNDBUF) == sent);
}

}  // namespace weir
