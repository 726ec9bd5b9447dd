#include "dial/free_ports.h"

#include <set>

#include "catch.h"

namespace weir {
namespace {

TEST_CASE("ports are drawn from the kernel's range, all of it, and never reserved ones") {
  FreePorts ports("100\t109", "103,106-107");
  std::set<Port> drawn;
  for (int i = 0; i < 2'000; ++i) {
    drawn.insert(ports.pick());
  }
  // 0: one was reserved, and the kernel is to choose.
  CHECK(drawn == std::set<Port>{0, 100, 101, 102, 104, 105, 108, 109});
}

TEST_CASE("the range reaches to the last port") {
  FreePorts ports("65535\t65535", "");
  CHECK(ports.pick() == 65535);
  FreePorts all("1 65535", "");
  for (int i = 0; i < 2'000; ++i) {
    CHECK(all.pick() != 0);
  }
}

TEST_CASE("where the kernel's range is not understood the kernel chooses") {
  for (const auto& [range, reserved] :
       {std::pair("", ""), std::pair("7", ""), std::pair("9\t7", ""), std::pair("0\t9", ""),
        std::pair("1\t70000", ""), std::pair("1\t9", "x"), std::pair("1\t9", "2-")}) {
    CHECK(FreePorts(range, reserved).pick() == 0);
  }
}

TEST_CASE("this machine's range is known") { CHECK(FreePorts::of_kernel().pick() > 0); }

}  // namespace
}  // namespace weir
