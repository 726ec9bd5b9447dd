// Users and control groups whose traffic is not intercepted.
#include "config/bad_file.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

const std::string local = "[firewall]\ninterfaces = lan\nlocal = yes\n";

}  // namespace

TEST_CASE("a user is a name that there is, or a number") {
  const auto loaded = load_text(local + "exclude-user = tor, 1001\nexclude-user = 0\n");
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->firewall.exclude_users ==
        std::vector<UserSetting>{{"tor", 107}, {"1001", 1001}, {"0", 0}});
  CHECK(findings_of(local + "exclude-user = tor, torr\n") ==
        Lines{"weir.ini:4: error: 'exclude-user': there is no user 'torr'"});
  CHECK(findings_of(local + "exclude-user = 4294967295\n") ==
        Lines{"weir.ini:4: error: 'exclude-user': there is no user '4294967295'"});
  CHECK(findings_of(local + "exclude-user = tor, 107\n") ==
        Lines{"weir.ini:4: warning: user 107 is named twice"});
}

TEST_CASE("a control group is a path from the root, whether it is there or not") {
  const auto loaded = load_text(
      local + "exclude-cgroup = system.slice/tor.service, /user.slice/user-1001.slice/\n");
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->firewall.exclude_cgroups ==
        std::vector<std::string>{"system.slice/tor.service", "user.slice/user-1001.slice"});
  for (const char* wrong : {"/", "../tor", "a/./b", "a//b"}) {
    CHECK(findings_of(local + "exclude-cgroup = " + wrong + "\n") ==
          Lines{"weir.ini:4: error: 'exclude-cgroup': '" + std::string(wrong) +
                "' is no path of a control group (like system.slice/tor.service)"});
  }
}

TEST_CASE("without local = yes they decide nothing, which is said") {
  CHECK(
      findings_of("[firewall]\ninterfaces = lan\nexclude-user = tor\nexclude-cgroup = a\n") ==
      Lines{"weir.ini:3: warning: 'exclude-user' has no effect with local = no: weir intercepts "
            "nothing that the router itself sends",
            "weir.ini:4: warning: 'exclude-cgroup' has no effect with local = no: weir intercepts "
            "nothing that the router itself sends"});
}

}  // namespace weir
