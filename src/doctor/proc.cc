#include "doctor/proc.h"

#include <net/if.h>

#include <fstream>
#include <memory>

namespace weir::doctor {

std::optional<long> setting(const std::string& path) {
  std::ifstream in("/proc/sys/" + path);
  long value = 0;
  if (!(in >> value)) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string> interface_names() {
  const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> list(if_nameindex(),
                                                                               if_freenameindex);
  std::vector<std::string> names;
  for (const struct if_nameindex* one = list.get(); one != nullptr && one->if_index != 0; ++one) {
    names.emplace_back(one->if_name);
  }
  return names;
}

std::string sysctl_name(const std::string& path) {
  std::string name = path;
  for (char& c : name) {
    if (c == '/') {
      c = '.';
    } else if (c == '.') {
      c = '/';
    }
  }
  return name;
}

}  // namespace weir::doctor
