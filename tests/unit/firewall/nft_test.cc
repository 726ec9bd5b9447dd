#include "firewall/nft.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <vector>

#include "base/descriptor.h"
#include "catch.h"

namespace weir::firewall {

TEST_CASE("nft answers whatever number its socket would get, with hundreds of descriptors open") {
  constexpr int beyond_select = 1'100;
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit enough{std::min<rlim_t>(limit.rlim_max, 4'096), limit.rlim_max};
  if (!is_installed("nft") || enough.rlim_cur < beyond_select + 100) {
    WARN("left out: no nft, or too few descriptors");
    return;
  }
  REQUIRE(setrlimit(RLIMIT_NOFILE, &enough) == 0);
  std::vector<Descriptor> held;
  const auto answers = [] {
    const auto ended = run_nft("list tables\n", NftWith::everything);
    return ended.ok();  // without the privilege it says no, which is an answer
  };
  CHECK(answers());
  SECTION("one has a large number") {
    held.emplace_back(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, beyond_select));
    CHECK(answers());
  }
  SECTION("all small numbers are taken") {
    do {
      held.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
      REQUIRE(held.back().valid());
    } while (held.back().get() < beyond_select);
    CHECK(answers());
  }
  held.clear();
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace weir::firewall
