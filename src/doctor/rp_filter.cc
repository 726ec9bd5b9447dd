// The reverse-path filter asks where an answer would go. With src_valid_mark it asks with the
// packet's mark, and without the policy rules that lead such look-ups past weir's table the answer
// is "to this machine": the packet is taken for a forgery and dropped, whether rp_filter itself is
// on or not, for policy rules alone make the kernel check. rp_filter alone does no harm, but where
// an upstream leaves by another line (mark, interface) strict filtering drops the answers.
#include <algorithm>
#include <set>

#include "doctor/checks.h"
#include "doctor/proc.h"
#include "doctor/reverse_lookup.h"

namespace weir::doctor {

namespace {

std::string path(const std::string& interface, const char* name) {
  return "net/ipv4/conf/" + interface + "/" + name;
}

// The kernel takes the larger one of the interface's value and that of all.
long effective(const std::string& interface, const char* name) {
  return std::max(setting(path("all", name)).value_or(0),
                  setting(path(interface, name)).value_or(0));
}

// Interfaces that one setting troubles, and the command that sets it right: one finding, for the
// cause is usually one value of `all`.
struct Trouble {
  std::string interfaces;
  std::set<std::string> settings;

  void add(const std::string& interface, const char* name) {
    interfaces += (interfaces.empty() ? "" : ", ") + interface;
    for (const std::string& one : {std::string("all"), interface}) {
      if (setting(path(one, name)).value_or(0) != 0) {
        settings.insert(sysctl_name(path(one, name)));
      }
    }
  }
  [[nodiscard]] std::string command(const char* value) const {
    std::string text = "sysctl -w";
    for (const std::string& one : settings) {
      text += " " + one + "=" + value;
    }
    return text;
  }
};

bool leaves_by_another_line(const Subject& subject) {
  return std::any_of(subject.upstreams.begin(), subject.upstreams.end(),
                     [](const UsedUpstream& used) {
                       const SocketOptions& options = used.upstream->profile().options;
                       return options.mark.has_value() || !options.interface.empty();
                     });
}

}  // namespace

Findings examine_rp_filter(const Subject& subject) {
  Trouble forged;
  Trouble strict;
  const bool harmless = look_ups_from_lo_pass(subject);
  for (const std::string& interface : interface_names()) {
    if (interface == "lo") {
      continue;
    }
    if (effective(interface, "src_valid_mark") != 0 && !harmless) {
      forged.add(interface, "src_valid_mark");
    } else if (effective(interface, "rp_filter") == 1 && leaves_by_another_line(subject)) {
      strict.add(interface, "rp_filter");
    }
  }
  Findings findings;
  if (!forged.interfaces.empty()) {
    findings.push_back({"rp-filter", Level::fail,
                        "src_valid_mark = 1 on " + forged.interfaces +
                            " and a policy rule of weir's is missing: the kernel drops "
                            "intercepted packets as forged",
                        "weir firewall apply -c " + subject.configuration.file});
  }
  if (!strict.interfaces.empty()) {
    findings.push_back({"rp-filter", Level::warn,
                        "rp_filter = 1 on " + strict.interfaces +
                            " drops answers that come in by another line than the main table's; "
                            "an upstream has a mark or an interface",
                        strict.command("2")});
  }
  if (findings.empty()) {
    findings.push_back({"rp-filter", Level::ok, "lets intercepted packets pass", ""});
  }
  return findings;
}

}  // namespace weir::doctor
