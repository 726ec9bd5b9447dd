#include "base/traffic.h"

#include <set>

#include "catch.h"

namespace weir {

TEST_CASE("every count of what moved is visited, and each once") {
  Traffic traffic;
  std::set<const std::uint64_t*> seen;
  std::size_t visits = 0;
  each_count(
      [&](const std::uint64_t& count) {
        seen.insert(&count);
        ++visits;
      },
      traffic);
  CHECK(visits == sizeof(Traffic) / sizeof(std::uint64_t));
  CHECK(seen.size() == visits);
}

TEST_CASE("counts of several are visited side by side, and add up") {
  const Traffic first{{.bytes_up = 1, .bytes_down = 20, .packets_up = 300, .packets_down = 4'000}};
  FlowCounts sum{first, 5, 2};
  sum += {first, 1, 1};
  CHECK(sum ==
        Traffic{{.bytes_up = 2, .bytes_down = 40, .packets_up = 600, .packets_down = 8'000}});
  CHECK(sum.bytes() == 42);
  CHECK(sum.flows == 6);
  CHECK(sum.live == 3);
}

}  // namespace weir
