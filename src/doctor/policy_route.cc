// The table's one route delivers whatever looks it up to this machine, in either family.
#include "doctor/checks.h"
#include "firewall/installed.h"
#include "firewall/policy_routes.h"

namespace weir::doctor {

Findings examine_policy_route(const Subject& subject) {
  const auto installed = firewall::installed_text(subject.backend);
  if (!installed || installed.value().empty()) {
    return {{"policy-route", Level::ok, "comes with the firewall's rules", ""}};
  }
  if (!firewall::lo_is_up()) {
    return {{"policy-route", Level::fail,
             "the interface lo is down: the kernel delivers nothing to this machine, and weir's "
             "routes are gone until it is up",
             "ip link set lo up"}};
  }
  Findings findings;
  for (const Family family : firewall::routed_families()) {
    const auto routes = firewall::read_routes(family, subject.ruleset.table);
    if (routes && firewall::has_route(routes.value(), subject.ruleset)) {
      continue;
    }
    findings.push_back({"policy-route", Level::fail,
                        std::string(firewall::name_of(family)) + ": table " +
                            std::to_string(subject.ruleset.table) +
                            " does not deliver to this machine: intercepted packets are lost",
                        "weir firewall apply -c " + subject.configuration.file});
  }
  if (findings.empty()) {
    findings.push_back(
        {"policy-route", Level::ok,
         "table " + std::to_string(subject.ruleset.table) + " delivers to this machine", ""});
  }
  return findings;
}

}  // namespace weir::doctor
