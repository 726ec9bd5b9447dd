// A relay whose server side is watched: what the server says is seen whole, in order, and before
// the client has it.
#include <string>
#include <string_view>

#include "catch.h"
#include "tcp_world.h"

namespace weir {
namespace {

constexpr std::uint8_t down = 0xc3;

}  // namespace

TEST_CASE("what a watched server says is seen before the client has it, and the client is not") {
  TcpWorld world;
  std::string seen;
  world.watch([&](std::string_view bytes) {
    CHECK(TcpWorld::readable(world.client.socket.get()) == 0);
    seen += bytes;
  });
  CHECK(world.relay->is_server_watched());
  world.client.say("a question");
  world.server.say("an answer");
  REQUIRE(world.until([&]() {
    world.client.read_all();
    world.server.read_all();
    return !world.client.heard.empty() && !world.server.heard.empty();
  }));
  CHECK(world.client.heard == "an answer");
  CHECK(world.server.heard == "a question");
  CHECK(seen == "an answer");
}

TEST_CASE("what a watched server says last is seen, also where it resets the connection") {
  for (const bool resets : {false, true}) {
    TcpWorld world;
    std::string seen;
    world.watch([&](std::string_view bytes) { seen += bytes; });
    world.server.say("the last words");
    REQUIRE(world.until([&]() { return !seen.empty(); }));
    if (resets) {
      world.server.reset();
    } else {
      world.server.finish();
    }
    REQUIRE(world.until([&]() { return world.client.read_all(), !world.client.heard.empty(); }));
    CHECK(world.client.heard == "the last words");
    CHECK(seen == "the last words");
  }
}

TEST_CASE("bulk of a watched server is copied and seen, and not spliced; other bulk is spliced") {
  constexpr std::uint64_t much = 8U << 20U;
  for (const bool is_watched : {true, false}) {
    TcpWorld world;
    std::uint64_t seen = 0;
    std::uint64_t wrong = 0;
    if (is_watched) {
      world.watch([&](std::string_view bytes) {
        for (const char byte : bytes) {
          wrong += static_cast<std::uint8_t>(byte) != pattern_at(seen++, down) ? 1 : 0;
        }
      });
    }
    REQUIRE(world.until([&]() {
      world.server.write_all(much - world.server.poured, down);
      world.client.read_pattern(SIZE_MAX, down);
      return world.client.drunk == much;
    }));
    CHECK(world.client.wrong == 0);
    CHECK(wrong == 0);
    CHECK(seen == (is_watched ? much : 0));
    CHECK((world.bulk_bytes() == 0) == is_watched);
  }
}

}  // namespace weir
