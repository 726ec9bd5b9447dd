// Marks are 32 bits that every tool on a router shares. Another one's rule that looks at weir's
// bits takes intercepted packets elsewhere; one that writes them loses or forges the mark.
#include <fmt/format.h>

#include "doctor/checks.h"
#include "doctor/mark_users.h"
#include "doctor/saved_tables.h"
#include "firewall/policy_routes.h"
#include "firewall/script.h"

namespace weir::doctor {

namespace {

constexpr const char* fix = "set other bits for 'mark' and 'bypass-mark' in [firewall]";

// Whether a packet with these bits of the mark may meet the rule, whatever its other bits are.
bool may_meet(const firewall::PolicyRule& rule, Mark mark) {
  return (rule.mark.mask & mark.mask) != 0 &&
         ((rule.mark.value ^ mark.value) & rule.mark.mask & mark.mask) == 0;
}

// What comes before weir's rule takes intercepted packets; what comes after it never sees them. One
// on the bypass-mark's bits steers what weir sends itself, wherever it stands.
void add_rules(Findings& findings, Family family, const firewall::Ruleset& ruleset) {
  const auto rules = firewall::read_policy_rules(family);
  if (!rules) {
    return;
  }
  for (const firewall::PolicyRule& rule : rules.value()) {
    if (rule.protocol == firewall::route_protocol) {
      continue;
    }
    const bool takes_intercepted =
        may_meet(rule, ruleset.mark) && rule.priority <= firewall::rule_priority;
    if (takes_intercepted || may_meet(rule, ruleset.bypass_mark)) {
      findings.push_back(
          {"mark", Level::fail,
           fmt::format(
               "{}: another program's policy rule {} (fwmark {:#x}/{:#x}, table {}) takes {}",
               firewall::name_of(family), rule.priority, rule.mark.value, rule.mark.mask,
               rule.table,
               takes_intercepted ? "intercepted packets, by weir's mark"
                                 : "what weir sends, by its bypass-mark"),
           fix});
    }
  }
}

// A rule that writes every bit leaves weir no other bits to go to: the rule itself has to be told
// which are its own.
Finding rewrites_all(const std::string& where, std::uint32_t ours) {
  return {
      "mark", Level::warn,
      fmt::format("a rule in {} rewrites the whole mark, weir's bits {:#x} with it", where, ours),
      fmt::format("give that rule a mask without them: MARK --set-xmark VALUE/MASK, CONNMARK "
                  "--restore-mark --nfmask {0:#x} --ctmask {0:#x}; in nft: meta mark set meta "
                  "mark and {1:#x} or VALUE",
                  ~ours, ours)};
}

void add_writers(Findings& findings, const std::vector<MarkUser>& users, const std::string& which,
                 std::uint32_t ours) {
  constexpr std::uint32_t every_bit = 0xffffffff;
  for (const MarkUser& user : users) {
    const std::string where = user.where + which;
    if (user.bits == every_bit) {
      findings.push_back(rewrites_all(where, ours));
    } else if ((user.bits & ours) != 0) {
      findings.push_back({"mark", Level::warn,
                          fmt::format("a rule in {} may change mark bits {:#x}, of which weir "
                                      "uses {:#x}",
                                      where, user.bits, user.bits & ours),
                          fix});
    }
  }
}

}  // namespace

Findings examine_mark(const Subject& subject) {
  const std::uint32_t ours = subject.ruleset.mark.mask | subject.ruleset.bypass_mark.mask;
  Findings findings;
  for (const Family family : firewall::routed_families()) {
    add_rules(findings, family, subject.ruleset);
  }
  const auto listing = json_or_null(output_of({"nft", "-j", "-t", "list", "ruleset"}));
  add_writers(findings, mark_users_of_nft(listing), "", ours);
  for (const SavedTables& saved : read_saved_tables()) {
    add_writers(findings, mark_users_of_iptables(saved.plain, saved.text),
                saved.program == saved.plain ? "" : " (" + saved.program + ")", ours);
  }
  if (findings.empty()) {
    findings.push_back(
        {"mark", Level::ok, fmt::format("no other program uses the mark bits {:#x}", ours), ""});
  }
  return findings;
}

}  // namespace weir::doctor
