// Control groups of version 2 as the firewall's tools name them. The kernel compares numbers, not
// paths: a group that is removed and made anew, as with every restart of a service, is another one,
// and rules have to be written again.
//
// Any thread; looks at the file system.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::firewall {

struct Cgroup {
  std::string path;      // from the hierarchy's root, without a slash at either end
  std::uint64_t id = 0;  // of the group that is there now
  // From /sys/fs/cgroup, the one place where nft looks; empty: the hierarchy is elsewhere.
  std::string nft_path;
  [[nodiscard]] unsigned level() const;  // below the root, which has level 0
  friend bool operator==(const Cgroup&, const Cgroup&) = default;
};

// Where the hierarchy is mounted, from the text of /proc/self/mounts; nothing: nowhere.
[[nodiscard]] std::optional<std::string> cgroup_mount_in(std::string_view mounts);
// The same of this machine.
[[nodiscard]] std::optional<std::string> cgroup_mount();

// A path below the mount as nft has it, or "".
[[nodiscard]] std::string nft_path_of(const std::string& mount, const std::string& path);

// Those that are there, in the order of their paths' list.
[[nodiscard]] std::vector<Cgroup> find_cgroups(std::span<const std::string> paths);

// The paths of which there is no group now.
[[nodiscard]] std::vector<std::string> missing_cgroups(std::span<const std::string> paths,
                                                       std::span<const Cgroup> found);

}  // namespace weir::firewall
