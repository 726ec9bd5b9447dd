#include "firewall/cgroups.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace weir::firewall {

unsigned Cgroup::level() const {
  return 1 + static_cast<unsigned>(std::count(path.begin(), path.end(), '/'));
}

std::optional<std::string> cgroup_mount_in(std::string_view mounts) {
  std::istringstream lines{std::string(mounts)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string device;
    std::string mount_point;
    std::string type;
    if (words >> device >> mount_point >> type && type == "cgroup2") {
      return mount_point;
    }
  }
  return std::nullopt;
}

std::optional<std::string> cgroup_mount() {
  std::ifstream file("/proc/self/mounts");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return cgroup_mount_in(text);
}

std::string nft_path_of(const std::string& mount, const std::string& path) {
  const std::string_view root = "/sys/fs/cgroup";
  if (mount == root) {
    return path;
  }
  if (mount.starts_with(std::string(root) + "/")) {
    return mount.substr(root.size() + 1) + "/" + path;
  }
  return "";
}

std::vector<Cgroup> find_cgroups(std::span<const std::string> paths) {
  std::vector<Cgroup> out;
  if (paths.empty()) {
    return out;
  }
  const auto mount = cgroup_mount();
  for (const std::string& path : paths) {
    struct stat status {};
    if (mount && stat((*mount + "/" + path).c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      out.push_back({.path = path, .id = status.st_ino, .nft_path = nft_path_of(*mount, path)});
    }
  }
  return out;
}

std::vector<std::string> missing_cgroups(std::span<const std::string> paths,
                                         std::span<const Cgroup> found) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    if (std::none_of(found.begin(), found.end(),
                     [&](const Cgroup& cgroup) { return cgroup.path == path; })) {
      out.push_back(path);
    }
  }
  return out;
}

}  // namespace weir::firewall
