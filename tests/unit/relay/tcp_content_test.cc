// What goes into a relay comes out of it, at whatever speed either end reads, and nothing stays in
// it when nothing is pending.
#include <random>
#include <string>

#include "catch.h"
#include "tcp_world.h"

namespace weir {
namespace {

using Progress = TcpRelay::Progress;

constexpr std::uint8_t up = 0x5a;
constexpr std::uint8_t down = 0xc3;

}  // namespace

TEST_CASE("a request and its answer pass, and the bytes are counted") {
  TcpWorld world;
  world.client.say("who is there?");
  REQUIRE(world.until([&]() { return world.server.read_all(), !world.server.heard.empty(); }));
  CHECK(world.server.heard == "who is there?");
  world.server.say("nobody");
  REQUIRE(world.until([&]() { return world.client.read_all(), !world.client.heard.empty(); }));
  CHECK(world.client.heard == "nobody");
  CHECK(world.relay->bytes_up() == 13);
  CHECK(world.relay->bytes_down() == 6);
  CHECK_FALSE(world.relay->half_closed());
  CHECK_FALSE(world.over());
}

TEST_CASE("a server that speaks first is heard") {
  TcpWorld world;
  world.server.say("220 ready\r\n");
  REQUIRE(world.until([&]() { return world.client.read_all(), !world.client.heard.empty(); }));
  CHECK(world.client.heard == "220 ready\r\n");
}

TEST_CASE("megabytes in pieces of any size arrive whole, both ways at once, at slow readers") {
  struct Row {
    std::uint64_t bytes;
    std::size_t largest_write;
    std::size_t largest_read;
    int kernel_buffers;
    std::size_t max_stashed;
  };
  const Row rows[] = {
      {24U << 20U, 256 * 1024, 200 * 1024, 0, 64 * 1024},   // bulk: splice
      {3U << 20U, 5'000, 50'000, 0, 64 * 1024},             // small writes: copied
      {512U << 10U, 300'000, 30'000, 8 * 1024, 16 * 1024},  // always blocked
      {128U << 10U, 100'000, 9'000, 4 * 1024, 4 * 1024},
  };
  unsigned seed = 1;
  for (const Row& row : rows) {
    INFO("row " << seed);
    std::mt19937 random(seed++);
    const auto up_to = [&](std::size_t max) { return 1 + random() % max; };
    TcpWorld world({.max_stashed = row.max_stashed, .kernel_buffers = row.kernel_buffers});
    const auto move = [&](TcpEnd& end, std::uint8_t out, std::uint8_t in) {
      if (end.poured < row.bytes && random() % 3 != 0) {
        end.write_all(std::min<std::uint64_t>(up_to(row.largest_write), row.bytes - end.poured),
                      out);
        if (end.poured == row.bytes) {
          end.finish();
        }
      }
      if (random() % 3 == 0) {
        end.read_pattern(up_to(row.largest_read), in);
      }
    };
    std::uint64_t up_bytes = 0;
    std::uint64_t down_bytes = 0;
    const bool done = world.until([&]() {
      for (int i = 0; i < 20; ++i) {
        move(world.client, up, down);
        move(world.server, down, up);
        world.turn();
      }
      if (world.over() && world.relay) {
        up_bytes = world.relay->bytes_up();
        down_bytes = world.relay->bytes_down();
        world.relay.reset();  // as its owner does; the last FIN goes out
      }
      return world.client.ended && world.server.ended;
    });
    CHECK(done);
    CHECK(world.client.drunk == row.bytes);
    CHECK(world.server.drunk == row.bytes);
    CHECK(world.client.wrong + world.server.wrong == 0);
    CHECK(up_bytes == row.bytes);
    CHECK(down_bytes == row.bytes);
    CHECK(world.state == Progress::closed);
    CHECK(world.free_pipes() == PipePool::max);
  }
}

TEST_CASE("what a receiver does not take is held up to the limit, and then the sender waits") {
  for (const std::size_t limit : {std::size_t{4096}, std::size_t{16 * 1024}}) {
    TcpWorld world({.max_stashed = limit, .kernel_buffers = 4096});
    world.block(world.client, up);
    CHECK(world.client.poured < 400'000);
    CHECK(world.held_up() <= static_cast<std::int64_t>(limit));
    CHECK_FALSE(world.over());
    // And nothing of it was lost.
    REQUIRE(world.until([&]() {
      world.server.read_pattern(SIZE_MAX, up);
      return world.server.drunk == world.client.poured;
    }));
    CHECK(world.server.wrong == 0);
    CHECK(world.held_up() <= 0);
  }
}

TEST_CASE("a blocked direction does not hold up the other one") {
  TcpWorld world({.max_stashed = 4096, .kernel_buffers = 4096});
  world.block(world.client, up);
  for (int i = 0; i < 5; ++i) {
    world.server.say("still here;");
    const std::size_t expected = world.client.heard.size() + 11;
    REQUIRE(world.until(
        [&]() { return world.client.read_all(), world.client.heard.size() == expected; }));
  }
}

TEST_CASE("bulk moves through a pipe, which goes back when nothing is in flight") {
  TcpWorld world;
  CHECK(world.free_pipes() == PipePool::max);
  // No reader: once everything is full, bytes stand in the pipe.
  REQUIRE(world.until([&]() {
    world.client.write_all(1 << 20, up);
    return world.free_pipes() == PipePool::max - 1;
  }));
  world.settle();
  CHECK(world.held_up() <= std::int64_t{PipePool::capacity});
  REQUIRE(world.until([&]() {
    world.server.read_pattern(SIZE_MAX, up);
    return world.server.drunk == world.client.poured;
  }));
  CHECK(world.server.wrong == 0);
  CHECK(world.free_pipes() == PipePool::max);
  CHECK_FALSE(world.over());
  // A small request after the bulk passes as well.
  const auto so_far = world.server.drunk;
  world.client.write_all(10, up);
  REQUIRE(world.until([&]() {
    world.server.read_pattern(SIZE_MAX, up);
    return world.server.drunk == so_far + 10;
  }));
  CHECK(world.free_pipes() == PipePool::max);
}

TEST_CASE("where all pipes are lent, bulk is copied") {
  TcpWorld world;
  std::vector<Pipe> taken;
  while (auto pipe = world.pipes.take()) {
    taken.push_back(std::move(*pipe));
  }
  constexpr std::uint64_t bytes = 4U << 20U;
  REQUIRE(world.until([&]() {
    world.client.write_all(bytes - world.client.poured, up);
    world.server.read_pattern(SIZE_MAX, up);
    return world.server.drunk == bytes;
  }));
  CHECK(world.server.wrong == 0);
  for (Pipe& pipe : taken) {
    world.pipes.give_back(std::move(pipe));
  }
}

TEST_CASE("a relay that goes with bytes in its pipe leaves the pool whole") {
  TcpWorld world;
  REQUIRE(world.until([&]() {
    world.client.write_all(1 << 20, up);
    return world.free_pipes() == PipePool::max - 1;
  }));
  world.relay.reset();
  CHECK(world.free_pipes() == PipePool::max);
}

TEST_CASE("one direction has its share of a turn, and is called again for the rest") {
  // Only where the system allows receive buffers of several megabytes.
  TcpWorld world({.kernel_buffers = 8 << 20});
  world.client.write_all(16U << 20U, up);
  if (world.client.poured < 3U << 20U) {
    WARN("skipped: the system's socket buffers are too small (net.core.rmem_max)");
    return;
  }
  REQUIRE(world.until([&]() {
    world.server.read_pattern(SIZE_MAX, up);
    return world.server.drunk == world.client.poured;
  }));
  CHECK(world.turns_without_end >= 1);
  CHECK(world.server.wrong == 0);
}

TEST_CASE("an idle relay is small") { CHECK(sizeof(TcpRelay) <= 256); }

}  // namespace weir
