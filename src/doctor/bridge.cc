// With br_netfilter (Docker loads it) the firewall sees packets while they are still frames in a
// bridge. TPROXY then gives the packet a socket, the bridge hands it up and forgets the socket, and
// the kernel answers it as if it had been sent to the router: connections are refused.
#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "doctor/addresses.h"
#include "doctor/checks.h"
#include "doctor/proc.h"
#include "firewall/program.h"

namespace weir::doctor {

namespace {

// /sys belongs to the namespace that mounted it; ip asks the kernel.
std::vector<std::string> bridges() {
  const auto ended = firewall::run_program({"ip", "-j", "link", "show", "type", "bridge"}, "");
  std::vector<std::string> names;
  if (!ended) {
    return names;
  }
  const Json list = json_or_null(ended.value().output);
  for (const Json& one : list.items()) {
    const Json* name = one.find("ifname");
    if (name != nullptr && name->text()) {
      names.emplace_back(*name->text());
    }
  }
  return names;
}

}  // namespace

Findings examine_bridge(const Subject& subject) {
  const auto names = bridges();
  const auto client_side = std::find_if(
      names.begin(), names.end(), [&](const auto& name) { return is_client_side(subject, name); });
  if (client_side == names.end()) {
    return {{"bridge", Level::ok, "no clients behind a bridge", ""}};
  }
  std::string command;
  for (const char* name : {"iptables", "ip6tables"}) {
    const std::string path = std::string("net/bridge/bridge-nf-call-") + name;
    if (setting(path).value_or(0) != 0) {
      command += " " + sysctl_name(path) + "=0";
    }
  }
  if (command.empty()) {
    return {{"bridge", Level::ok, "frames inside bridges do not go through the firewall", ""}};
  }
  return {{"bridge", Level::fail,
           "br_netfilter sends frames of " + *client_side +
               " through the firewall: intercepted packets lose their socket and are refused",
           "sysctl -w" + command}};
}

}  // namespace weir::doctor
