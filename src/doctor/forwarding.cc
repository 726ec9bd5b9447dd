// What is not intercepted, bypassed or passes while weir is down (on-failure = open) is forwarded
// by the kernel, if it may.
#include <algorithm>

#include "doctor/addresses.h"
#include "doctor/checks.h"
#include "doctor/proc.h"

namespace weir::doctor {

Findings examine_forwarding(const Subject& /*subject*/) {
  Findings findings;
  if (setting("net/ipv4/ip_forward") == 0) {
    findings.push_back(
        {"forwarding", Level::fail,
         "IPv4 forwarding is off: what weir does not intercept stops at this machine",
         "sysctl -w net.ipv4.ip_forward=1"});
  }
  const auto addresses = interface_addresses();
  const bool has_v6 = std::any_of(addresses.begin(), addresses.end(),
                                  [](const auto& one) { return !one.address.is_v4(); });
  if (has_v6 && setting("net/ipv6/conf/all/forwarding") == 0) {
    findings.push_back({"forwarding", Level::fail,
                        "this machine has IPv6 addresses, and IPv6 forwarding is off: what weir "
                        "does not intercept stops at this machine",
                        "sysctl -w net.ipv6.conf.all.forwarding=1"});
  }
  if (findings.empty()) {
    findings.push_back({"forwarding", Level::ok, has_v6 ? "IPv4 and IPv6" : "IPv4", ""});
  }
  return findings;
}

}  // namespace weir::doctor
