// Another program's route in weir's table takes the packets for its destination away.
#include <linux/rtnetlink.h>

#include "doctor/checks.h"
#include "firewall/policy_routes.h"
#include "firewall/script.h"

namespace weir::doctor {

namespace {

// A default local route, whichever program added it, does what weir's own would.
bool is_harmless(const firewall::TableRoute& route) {
  return route.protocol == firewall::route_protocol ||
         (route.type == RTN_LOCAL && route.destination == "default");
}

}  // namespace

Findings examine_table(const Subject& subject) {
  const std::uint32_t table = subject.ruleset.table;
  Findings findings;
  for (const Family family : firewall::routed_families()) {
    const auto routes = firewall::read_routes(family, table);
    if (!routes) {
      continue;
    }
    for (const firewall::TableRoute& route : routes.value()) {
      if (!is_harmless(route)) {
        findings.push_back({"table", Level::fail,
                            std::string(firewall::name_of(family)) + ": table " +
                                std::to_string(table) + " has another program's route to " +
                                route.destination + ": intercepted packets follow it",
                            "set another 'table' in [firewall]"});
      }
    }
  }
  if (findings.empty()) {
    findings.push_back({"table", Level::ok, std::to_string(table) + " is weir's alone", ""});
  }
  return findings;
}

}  // namespace weir::doctor
