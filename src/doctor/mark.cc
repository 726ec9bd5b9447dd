// Marks are 32 bits that every tool on a router shares. Somebody else's rule that looks at weir's
// bits takes intercepted packets elsewhere; one that writes them loses or forges the mark.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "doctor/checks.h"
#include "doctor/mark_users.h"
#include "firewall/policy_routes.h"
#include "firewall/program.h"
#include "firewall/script.h"

namespace weir::doctor {

namespace {

constexpr const char* mend = "set other bits for 'mark' and 'bypass-mark' in [firewall]";

void add_rules(Findings& findings, Family family, std::uint32_t ours) {
  const auto rules = firewall::read_policy_rules(family);
  if (!rules) {
    return;
  }
  for (const firewall::PolicyRule& rule : rules.value()) {
    if (rule.protocol != firewall::route_protocol && (rule.mark.mask & ours) != 0) {
      findings.push_back(
          {"mark", Level::fail,
           fmt::format("{}: somebody else's policy rule {} (fwmark {:#x}/{:#x}, table {}) looks at "
                       "weir's mark bits {:#x}",
                       firewall::name_of(family), rule.priority, rule.mark.value, rule.mark.mask,
                       rule.table, ours),
           mend});
    }
  }
}

void add_writers(Findings& findings, const std::vector<MarkUser>& users, std::uint32_t ours) {
  for (const MarkUser& user : users) {
    if ((user.bits & ours) != 0) {
      findings.push_back({"mark", Level::warn,
                          fmt::format("a rule in {} may change mark bits {:#x}, of which weir "
                                      "uses {:#x}",
                                      user.where, user.bits, user.bits & ours),
                          mend});
    }
  }
}

std::string output_of(const std::vector<std::string>& command) {
  const auto ended = firewall::run_program(command, "");
  return ended && ended.value().status == 0 ? ended.value().output : "";
}

}  // namespace

Findings examine_mark(const Subject& subject) {
  const std::uint32_t ours = subject.ruleset.mark.mask | subject.ruleset.bypass_mark.mask;
  Findings findings;
  for (const Family family : firewall::routed_families()) {
    add_rules(findings, family, ours);
  }
  const auto listing =
      nlohmann::json::parse(output_of({"nft", "-j", "list", "ruleset"}), nullptr, false);
  add_writers(findings, mark_users_of_nft(listing), ours);
  for (const char* program : {"iptables", "ip6tables"}) {
    const std::string saved = output_of({std::string(program) + "-save"});
    add_writers(findings, mark_users_of_iptables(program, saved), ours);
  }
  if (findings.empty()) {
    findings.push_back(
        {"mark", Level::ok, fmt::format("nobody else uses the mark bits {:#x}", ours), ""});
  }
  return findings;
}

}  // namespace weir::doctor
