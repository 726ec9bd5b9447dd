// The reverse-path filter asks where an answer would go. With src_valid_mark it asks with the
// packet's mark, and the mark's policy route says "to this machine": the packet is taken for a
// forgery and dropped, whether rp_filter itself is on or not, for policy rules alone make the kernel
// check. rp_filter alone does no harm, but where an upstream leaves by another line (mark,
// interface) strict filtering drops the answers.
#include <algorithm>

#include "doctor/checks.h"
#include "doctor/proc.h"

namespace weir::doctor {

namespace {

std::string path(const std::string& interface, const char* name) {
  return "net/ipv4/conf/" + interface + "/" + name;
}

// The kernel takes the larger one of the interface's value and that of all.
long effective(const std::string& interface, const char* name) {
  return std::max(setting(path("all", name)).value_or(0), setting(path(interface, name)).value_or(0));
}

std::string switch_off(const std::string& interface, const char* name, const char* value) {
  std::string command = "sysctl -w";
  for (const std::string& one : {std::string("all"), interface}) {
    if (setting(path(one, name)).value_or(0) != 0) {
      command += " " + sysctl_name(path(one, name)) + "=" + value;
    }
  }
  return command;
}

bool leaves_by_another_line(const Subject& subject) {
  return std::any_of(
      subject.upstreams.begin(), subject.upstreams.end(), [](const UsedUpstream& used) {
        const SocketOptions& options = used.upstream->profile().options;
        return options.mark.has_value() || !options.interface.empty();
      });
}

}  // namespace

Findings examine_rp_filter(const Subject& subject) {
  Findings findings;
  for (const std::string& interface : interface_names()) {
    if (interface == "lo") {
      continue;
    }
    const long filter = effective(interface, "rp_filter");
    if (effective(interface, "src_valid_mark") != 0) {
      findings.push_back({"rp-filter", Level::fail,
                          interface + ": src_valid_mark = 1 (rp_filter = " +
                              std::to_string(filter) +
                              "): the kernel drops intercepted packets as forged",
                          switch_off(interface, "src_valid_mark", "0")});
    } else if (filter == 1 && leaves_by_another_line(subject)) {
      findings.push_back({"rp-filter", Level::warn,
                          interface +
                              ": rp_filter = 1 drops answers that come in by another line than "
                              "the main table's; an upstream has a mark or an interface",
                          switch_off(interface, "rp_filter", "2")});
    }
  }
  if (findings.empty()) {
    findings.push_back({"rp-filter", Level::ok, "lets intercepted packets pass", ""});
  }
  return findings;
}

}  // namespace weir::doctor
