// The kernel's settings, as /proc has them. Reading only. No state; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weir::doctor {

// Of /proc/sys/PATH ("net/ipv4/ip_forward"); none where there is no such setting.
[[nodiscard]] std::optional<long> setting(const std::string& path);

// The names of this machine's network interfaces.
[[nodiscard]] std::vector<std::string> interface_names();

// "net/ipv4/conf/br0.7/x" as sysctl takes it: "net.ipv4.conf.br0/7.x".
[[nodiscard]] std::string sysctl_name(const std::string& path);

}  // namespace weir::doctor
