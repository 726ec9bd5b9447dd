// What is asked of all workers at once.
#include "gateway/workers.h"

#include <optional>
#include <string>

#include "catch.h"
#include "takeover_world.h"

namespace weir {
namespace {

// How many flows of that rule end when they are told to, on all workers.
std::uint64_t close_flows(TakeoverWorld& world, const std::string& rule) {
  std::optional<std::uint64_t> ended;
  int answers = 0;
  weir::close_flows(
      world.workers,
      [rule](const FlowCore& core, const ClientDevice&) { return core.rule->name == rule; },
      End::time_over,
      [&](std::uint64_t count) {
        ended = count;
        ++answers;
      });
  world.play([]() {}, [&]() { return ended.has_value(); });
  CHECK(answers == 1);
  return ended.value_or(0);
}

TEST_CASE("flows that are chosen end on whichever worker has them, and the sum is told once") {
  TakeoverWorld world;
  CHECK(close_flows(world, "games") == 1);
  CHECK(world.workers.live(Protocol::udp) == 0);
  CHECK(close_flows(world, "games") == 0);
  world.workers.end();  // writes what is left to write
  CHECK(world.log().find("end=time-over") != std::string::npos);
}

TEST_CASE("flows that are not chosen are served as before") {
  TakeoverWorld world;
  CHECK(close_flows(world, "web") == 0);
  CHECK(world.is_as_it_was());
}

}  // namespace
}  // namespace weir
