// A one-armed router: clients and its own uplink share a subnet. Whenever it forwards a packet, the
// kernel tells the client of the shorter path (ICMP redirect), and the client then sends there what
// should be intercepted. weir's rules drop these; where they are not, IPv4 has a setting for it and
// IPv6 has none.
#include "firewall/redirects.h"

#include <algorithm>

#include "doctor/checks.h"
#include "doctor/client_probes.h"
#include "doctor/proc.h"
#include "firewall/installed.h"
#include "firewall/policy_routes.h"

namespace weir::doctor {

namespace {

std::string path(const std::string& interface) {
  return "net/ipv4/conf/" + interface + "/send_redirects";
}

// The settings to change so that none are sent; the kernel sends them when either of the two says
// so.
std::string settings_on(const std::string& interface) {
  std::string command;
  for (const std::string& one : {std::string("all"), interface}) {
    if (setting(path(one)).value_or(0) != 0) {
      command += " " + sysctl_name(path(one)) + "=0";
    }
  }
  return command;
}

bool rules_drop_them(const Subject& subject) {
  const auto installed = firewall::installed_text(subject.backend);
  return installed && installed.value().find(firewall::redirect_counter) != std::string::npos;
}

Findings ok(const std::string& text) { return {{"redirects", Level::ok, text, ""}}; }

}  // namespace

Findings examine_redirects(const Subject& subject) {
  Findings findings;
  bool one_armed = false;
  for (const Family family : firewall::routed_families()) {
    for (const std::string& name : one_armed_interfaces(subject, family)) {
      one_armed = true;
      const std::string command = family == Family::v4 ? settings_on(name) : "";
      if (family == Family::v4 && command.empty()) {
        continue;
      }
      findings.push_back({"redirects", Level::warn,
                          "clients and the route to the outside are both on " + name +
                              ": the kernel sends " +
                              (family == Family::v4 ? "ICMP redirects" : "ICMPv6 redirects") +
                              ", which make clients go past this router; weir's rules would drop "
                              "them, but are not "
                              "installed",
                          family == Family::v4 ? "sysctl -w" + command
                                               : "weir firewall apply -c " + subject.ruleset.file});
    }
  }
  if (!one_armed) {
    return ok("clients and the route to the outside are on different interfaces");
  }
  if (findings.empty()) {
    return ok("the kernel sends no ICMP redirects");
  }
  return rules_drop_them(subject)
             ? ok("clients and the route to the outside share an interface; weir's rules drop the "
                  "kernel's redirects")
             : findings;
}

}  // namespace weir::doctor
