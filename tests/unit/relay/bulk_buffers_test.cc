// What the kernel may hold of a bulk flow: little where the peer is near, else what it likes.
#include "relay/bulk_buffers.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/transparent.h"
#include "catch.h"
#include "tcp_world.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t salt = 0x5a;
const BulkShare alone(std::uint64_t{1} << 30U);

int option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  REQUIRE(getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}
int received(int fd) { return option(fd, SOL_SOCKET, SO_RCVBUF); }
int sent(int fd) { return option(fd, SOL_SOCKET, SO_SNDBUF); }

// What that socket's buffers should become; nothing where the machine was too busy for its peer to
// be a near one.
std::optional<int> wanted(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  REQUIRE(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0);
  return bulk_buffer(std::chrono::microseconds(info.tcpi_min_rtt));
}

// Beyond net.core.rmem_max, which a user namespace does not allow.
bool may_enlarge() {
  const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (set_option(probe.get(), SOL_SOCKET, SO_RCVBUFFORCE, 4096)) {
    return true;
  }
  WARN("skipped: this needs CAP_NET_ADMIN");
  return false;
}

// Until that many bytes in all have passed from the client to the server.
void pass(TcpWorld& world, std::uint64_t bytes) {
  REQUIRE(world.until([&]() {
    world.client.write_all(bytes - world.client.poured, salt);
    world.server.read_pattern(SIZE_MAX, salt);
    return world.server.drunk == bytes;
  }));
}

}  // namespace

TEST_CASE("a near peer's buffer holds its round trip at 10 Gbit/s, and a quarter of a megabyte") {
  CHECK(bulk_buffer(0us) == 262'144);
  CHECK(bulk_buffer(20us) == 262'144 + 25'000);
  CHECK(bulk_buffer(500us) == 262'144 + 625'000);
}

TEST_CASE("a peer farther away than half a millisecond is left to the kernel") {
  CHECK(bulk_buffer(501us) == std::nullopt);
  CHECK(bulk_buffer(80ms) == std::nullopt);
  CHECK(bulk_buffer(std::chrono::microseconds(0xffffffff)) == std::nullopt);  // not known
}

TEST_CASE("the more directions share the memory, the less each gets, and never nothing") {
  constexpr std::uint64_t budget = 64 << 20U;
  BulkShare share(budget);
  share.join();
  CHECK(share.buffer(20us) == bulk_buffer(20us));
  CHECK(share.buffer(80ms) == std::nullopt);
  while (share.directions() < 100) {
    share.join();
  }
  CHECK(share.buffer(20us) == static_cast<int>(budget / 400));
  CHECK(share.buffer(80ms) == static_cast<int>(budget / 400));
  while (share.directions() < 10'000) {
    share.join();
  }
  CHECK(share.buffer(20us) == 65'536);
  CHECK(share.buffer(80ms) == 65'536);
  while (share.directions() > 1) {
    share.leave();
  }
  CHECK(share.buffer(80ms) == std::nullopt);
}

TEST_CASE("workers share what the kernel has for TCP") {
  CHECK(bulk_budget(1) > 0);
  CHECK(bulk_budget(4) == bulk_budget(1) / 4);
}

TEST_CASE("the buffers towards a near peer are bounded: what is received here, and sent there") {
  if (!may_enlarge()) {
    return;
  }
  TcpWorld world;
  const auto from = wanted(world.client_side);
  const auto to = wanted(world.server_side);
  const int before = received(world.client_side);
  bound_bulk_buffers(world.client_side, world.server_side, alone);
  // The kernel says twice what it was told.
  if (from) {
    const int size = std::max(2 * *from, before);
    CHECK(received(world.client_side) == size);
    CHECK(option(world.client_side, IPPROTO_TCP, TCP_WINDOW_CLAMP) == size);
  }
  if (to) {
    CHECK(sent(world.server_side) == 2 * *to);
  }
}

TEST_CASE("a receive buffer is never made smaller, whatever is on its way") {
  if (!may_enlarge()) {
    return;
  }
  TcpWorld world;
  REQUIRE(set_option(world.client_side, SOL_SOCKET, SO_RCVBUFFORCE, 4'000'000));
  const int before = received(world.client_side);
  bound_bulk_buffers(world.client_side, world.server_side, alone);
  CHECK(received(world.client_side) == before);
}

TEST_CASE("a flow's buffers are bounded before it is bulk, and those of its other way are not") {
  if (!may_enlarge()) {
    return;
  }
  TcpWorld world;
  const int answers = received(world.server_side);
  pass(world, 32'768);
  const auto to = wanted(world.server_side);
  pass(world, 8'000'000);
  CHECK(world.bulk_bytes() > 0);
  CHECK(world.server.wrong == 0);
  CHECK(received(world.server_side) == answers);
  if (!to) {
    WARN("skipped: too busy a machine for peers to be near");
    return;
  }
  CHECK(sent(world.server_side) <= 2 * *to);  // the round trip may have been shorter since
  CHECK(sent(world.server_side) >= 2 * 262'144);
}

TEST_CASE("what is no TCP socket stays as it was") {
  std::array<int, 2> ends{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  const Descriptor one(ends[0]);
  const Descriptor other(ends[1]);
  const int before_one = received(one.get());
  const int before_other = sent(other.get());
  bound_bulk_buffers(one.get(), other.get(), alone);
  CHECK(received(one.get()) == before_one);
  CHECK(sent(other.get()) == before_other);
}

}  // namespace weir
