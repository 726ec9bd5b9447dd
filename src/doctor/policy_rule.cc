// What is marked has to be looked up in weir's table, in either family. Without that the mark means
// nothing, and intercepted packets are forwarded or dropped. The rules around it keep look-ups of
// the reverse path from that table; without them some kernels' settings and some firewalls' rules
// drop what is marked (see firewall/policy_rules.cc).
#include "doctor/checks.h"
#include "firewall/installed.h"
#include "firewall/policy_routes.h"
#include "firewall/script.h"

namespace weir::doctor {

Findings examine_policy_rule(const Subject& subject) {
  const auto installed = firewall::installed_text(subject.backend);
  if (!installed || installed.value().empty()) {
    return {{"policy-rule", Level::ok, "comes with the firewall's rules", ""}};
  }
  Findings findings;
  for (const Family family : firewall::routed_families()) {
    const auto rules = firewall::read_policy_rules(family);
    const auto missing = rules ? firewall::missing_rules(rules.value(), subject.ruleset, family)
                               : firewall::policy_rules_of(subject.ruleset, family);
    if (missing.empty()) {
      continue;
    }
    const std::string text = std::string(firewall::name_of(family)) +
                             (missing.front().priority == firewall::rule_priority
                                  ? ": no policy rule sends marked packets to table " +
                                        std::to_string(subject.ruleset.table) + ": they are lost"
                                  : ": the policy rule '" + words(missing.front()) +
                                        "' is missing: look-ups of the route back to a sender, or "
                                        "of what the router itself sends, find the wrong table");
    findings.push_back(
        {"policy-rule", Level::fail, text, "weir firewall apply -c " + subject.configuration.file});
  }
  if (findings.empty()) {
    findings.push_back({"policy-rule", Level::ok,
                        "marked packets look up table " + std::to_string(subject.ruleset.table),
                        ""});
  }
  return findings;
}

}  // namespace weir::doctor
