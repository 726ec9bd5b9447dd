#include "admin/host_names.h"

#include <vector>

#include "catch.h"

namespace weir {
namespace {

TEST_CASE("addresses and localhost may ask, with a port or without") {
  for (const char* host : {"192.0.2.1", "192.0.2.1:9080", "[2001:db8::1]", "[2001:db8::1]:9080",
                           "localhost", "LocalHost:9080", "localhost.", "[::1]"}) {
    INFO(host);
    CHECK(may_be_asked_by(host, {}));
  }
}

TEST_CASE("a stranger's name may not, and neither may what only looks like an address") {
  for (const char* host :
       {"evil.example", "evil.example:9080", "192.0.2.1.evil.example", "192.0.2.1:80:80", "",
        ":9080", "[2001:db8::1", "[evil]", "localhost.evil.example", "192.0.2.1:x", "[]", "]:1"}) {
    INFO(host);
    CHECK_FALSE(may_be_asked_by(host, {}));
  }
}

TEST_CASE("a name that the operator gave may ask, in any case") {
  const std::vector<std::string> names{"router.lan"};
  CHECK(may_be_asked_by("Router.LAN:9080", names));
  CHECK(may_be_asked_by("router.lan.", names));
  CHECK_FALSE(may_be_asked_by("lan", names));
  CHECK_FALSE(may_be_asked_by("x.router.lan", names));
}

}  // namespace
}  // namespace weir
