// What the kernel asks of a gateway: CAP_NET_ADMIN for marks, transparent sockets and the firewall;
// CAP_NET_RAW for answers from an address that something else holds; CAP_NET_BIND_SERVICE for
// answers from ports below 1024.
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "doctor/checks.h"

namespace weir::doctor {

namespace {

constexpr std::array needed{
    std::pair{CAP_NET_ADMIN, "CAP_NET_ADMIN"},
    std::pair{CAP_NET_RAW, "CAP_NET_RAW"},
    std::pair{CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE"},
};

}  // namespace

Findings examine_capabilities(const Subject& /*subject*/) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) {
    return {
        {"capabilities", Level::warn, "the kernel does not say which ones this process has", ""}};
  }
  std::string missing;
  for (const auto& [bit, name] : needed) {
    if ((data[0].effective & (1U << static_cast<unsigned>(bit))) == 0) {
      missing += (missing.empty() ? "" : ", ") + std::string(name);
    }
  }
  if (missing.empty()) {
    return {{"capabilities", Level::ok,
             "may set marks, bind to foreign addresses, change the firewall", ""}};
  }
  return {{"capabilities", Level::fail,
           "this process lacks " + missing +
               ": interception is for root, or a service with "
               "AmbientCapabilities",
           "sudo weir doctor"}};
}

}  // namespace weir::doctor
