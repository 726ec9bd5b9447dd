// Names that the doctor looks up, where their answers need no name server.
#include "doctor/lookups.h"

#include "catch.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace weir::doctor {

TEST_CASE(
    "names that the machine knows by itself are answered before the loop runs, and that is all "
    "right") {
#ifdef __SANITIZE_ADDRESS__
  // c-ares 1.18 loses ten bytes where /etc/hosts has no IPv6 address of localhost.
  const __lsan::ScopedDisabler loses_a_name;
#endif
  const std::vector<Endpoint> nobody{Endpoint::parse("127.0.0.1:9").value()};
  const auto found = look_up({"localhost"}, nobody, Mark{});
  REQUIRE(found.contains("localhost"));
  CHECK_FALSE(found.at("localhost").addresses.empty());
}

}  // namespace weir::doctor
