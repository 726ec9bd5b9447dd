// A connection that inherits the mark of its SYN sends its answers with it; without the policy rule
// that leads what this machine sends past weir's table they are delivered to this machine instead
// of the client. The same goes for the resets and errors that the kernel sends with a packet's
// mark.
#include "doctor/checks.h"
#include "doctor/proc.h"
#include "doctor/reverse_lookup.h"

namespace weir::doctor {

Findings examine_fwmark_accept(const Subject& subject) {
  if (look_ups_from_lo_pass(subject)) {
    return {
        {"fwmark-accept", Level::ok, "answers that inherit the mark leave by the right route", ""}};
  }
  Findings findings;
  if (setting("net/ipv4/tcp_fwmark_accept").value_or(0) != 0) {
    findings.push_back({"fwmark-accept", Level::fail,
                        "tcp_fwmark_accept = 1: answers to clients carry the interception mark and "
                        "never leave this machine",
                        "sysctl -w net.ipv4.tcp_fwmark_accept=0"});
  }
  for (const char* path : {"net/ipv4/fwmark_reflect", "net/ipv6/fwmark_reflect"}) {
    if (setting(path).value_or(0) != 0) {
      findings.push_back({"fwmark-accept", Level::warn,
                          sysctl_name(path) +
                              " = 1: resets and ICMP errors for intercepted packets carry the "
                              "mark and never leave this machine",
                          "sysctl -w " + sysctl_name(path) + "=0"});
    }
  }
  if (findings.empty()) {
    findings.push_back({"fwmark-accept", Level::ok, "answers do not inherit the mark", ""});
  }
  return findings;
}

}  // namespace weir::doctor
