// Processes on the router whose traffic is not intercepted.
#include "catch.h"
#include "firewall/cgroups.h"
#include "firewall/print_iptables.h"
#include "firewall/print_nft.h"
#include "make.h"

namespace weir::firewall {
namespace {

Ruleset excluding(OnFailure on_failure) {
  FirewallSettings settings;
  settings.local = true;
  settings.on_failure = on_failure;
  settings.exclude_users = {{"tor", 107}, {"1001", 1001}};
  Ruleset ruleset = ruleset_of({rule("web", {tcp(80)})}, settings);
  ruleset.exclude_cgroups = {{.path = "system.slice/tor.service",
                              .id = 4711,
                              .nft_path = "unified/system.slice/tor.service"}};
  return ruleset;
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("nft lets pass what excluded users and control groups send") {
  const std::string text = render_nft(excluding(OnFailure::closed));
  CHECK(has(text, "# exclude-user tor, 1001\n\t\tmeta skuid { 107, 1001 } accept\n"));
  CHECK(has(text,
            "# exclude-cgroup system.slice/tor.service, number 4711\n"
            "\t\tsocket cgroupv2 level 2 \"unified/system.slice/tor.service\" accept\n"));
  // What weir carries already it carries to its end.
  CHECK(has(render_nft(excluding(OnFailure::open)),
            "ct label ! 118 meta skuid { 107, 1001 } accept\n"));
}

TEST_CASE("iptables lets pass what excluded users and control groups send") {
  for (const Family family : {Family::v4, Family::v6}) {
    const std::string text = render_iptables(excluding(OnFailure::closed), family);
    CHECK(has(text, "-A WEIR-LOCAL -m owner --uid-owner 107 -j RETURN\n"));
    CHECK(has(text, "-A WEIR-LOCAL -m owner --uid-owner 1001 -j RETURN\n"));
    CHECK(has(text, "-A WEIR-LOCAL -m cgroup --path system.slice/tor.service -j RETURN\n"));
    CHECK(has(render_iptables(excluding(OnFailure::open), family),
              "-m connlabel ! --label 118 -m owner --uid-owner 107 -j RETURN\n"));
  }
}

TEST_CASE("a group that is made anew makes other rules") {
  Ruleset anew = excluding(OnFailure::open);
  anew.exclude_cgroups.front().id = 4712;
  CHECK(render_nft(anew) != render_nft(excluding(OnFailure::open)));
  CHECK(render_iptables(anew, Family::v4) !=
        render_iptables(excluding(OnFailure::open), Family::v4));
}

TEST_CASE("nft is not asked for a group that it cannot name") {
  Ruleset elsewhere = excluding(OnFailure::open);
  elsewhere.exclude_cgroups.front().nft_path.clear();
  CHECK_FALSE(has(render_nft(elsewhere), "cgroupv2"));
}

TEST_CASE(
    "the hierarchy is found where it is mounted, and a group's level is counted from its root") {
  CHECK(cgroup_mount_in("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n") == "/sys/fs/cgroup");
  CHECK(cgroup_mount_in("tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
                        "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n"
                        "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n") ==
        "/sys/fs/cgroup/unified");
  CHECK_FALSE(cgroup_mount_in("proc /proc proc rw 0 0\n"));
  CHECK(nft_path_of("/sys/fs/cgroup", "a/b") == "a/b");
  CHECK(nft_path_of("/sys/fs/cgroup/unified", "a/b") == "unified/a/b");
  CHECK(nft_path_of("/mnt/cgroup", "a/b").empty());
  CHECK(Cgroup{.path = "a", .id = 1, .nft_path = "a"}.level() == 1);
  CHECK(Cgroup{.path = "a/b.service", .id = 1, .nft_path = "a/b.service"}.level() == 2);
}

TEST_CASE("of groups that are not there nothing is found, and they are missed") {
  const std::vector<std::string> paths{"weir-test/there-is-no-such-group"};
  const auto found = find_cgroups(paths);
  CHECK(found.empty());
  CHECK(missing_cgroups(paths, found) == paths);
}

}  // namespace weir::firewall
