// What is marked has to be looked up in weir's table, in either family. Without that the mark means
// nothing, and intercepted packets are forwarded or dropped.
#include "doctor/checks.h"
#include "firewall/installed.h"
#include "firewall/policy_routes.h"

namespace weir::doctor {

Findings examine_policy_rule(const Subject& subject) {
  const auto installed = firewall::installed_text(subject.backend);
  if (!installed || installed.value().empty()) {
    return {{"policy-rule", Level::ok, "comes with the firewall's rules", ""}};
  }
  Findings findings;
  for (const Family family : firewall::routed_families()) {
    const auto rules = firewall::read_policy_rules(family);
    if (rules && firewall::has_rule(rules.value(), subject.ruleset)) {
      continue;
    }
    findings.push_back({"policy-rule", Level::fail,
                        std::string(firewall::name_of(family)) +
                            ": no policy rule sends marked packets to table " +
                            std::to_string(subject.ruleset.table) + ": they are lost",
                        "weir firewall apply -c " + subject.configuration.file});
  }
  if (findings.empty()) {
    findings.push_back({"policy-rule", Level::ok,
                        "marked packets look up table " + std::to_string(subject.ruleset.table),
                        ""});
  }
  return findings;
}

}  // namespace weir::doctor
