// One rule would do to deliver what carries weir's mark. But the kernel and other firewalls ask for
// the reverse path to a packet's sender with the packet's mark, too (src_valid_mark = 1, which
// Tailscale and wg-quick set; `fib saddr . mark . iif` of firewalld and NixOS; `rpfilter
// --validmark`), and that rule would answer "to this machine": the packet is taken for forged. All
// of these look-ups have one thing in common: their inbound interface is lo, whichever the packet
// came in by. So a rule before it takes what asks from lo past it, to a rule that does nothing and
// lets the operator's own rules decide.
//
//   48  fwmark MARK and BYPASS-MARK → weir's table      (only with local = yes)
//   49  fwmark MARK, from lo        → goto 51
//   50  fwmark MARK                 → weir's table
//   51  nothing
//
// What the router itself sends is looked up from lo as well, and with `local = yes` some of it has
// to be delivered here. It carries both marks, which nothing else does then: what comes in loses
// the bypass-mark when it gets weir's.
#include "firewall/policy_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "firewall/script.h"

namespace weir::firewall {

std::vector<PolicyRule> policy_rules_of(const Ruleset& ruleset, Family family) {
  PolicyRule rule;
  rule.family = family;
  rule.protocol = route_protocol;

  PolicyRule deliver = rule;
  deliver.priority = rule_priority;
  deliver.mark = ruleset.mark;
  deliver.table = ruleset.table;

  PolicyRule past = rule;
  past.priority = past_priority;
  past.action = PolicyRule::Action::nothing;

  PolicyRule reverse_lookup = rule;
  reverse_lookup.priority = reverse_lookup_priority;
  reverse_lookup.mark = ruleset.mark;
  reverse_lookup.inbound = "lo";
  reverse_lookup.action = PolicyRule::Action::jump;
  reverse_lookup.target = past.priority;

  std::vector<PolicyRule> rules = {deliver, past, reverse_lookup};
  if (ruleset.local) {
    PolicyRule diverted = deliver;
    diverted.priority = diverted_priority;
    diverted.mark = ruleset.both_marks();
    rules.push_back(diverted);
  }
  return rules;
}

std::vector<PolicyRule> missing_rules(std::span<const PolicyRule> present, const Ruleset& ruleset,
                                      Family family) {
  std::vector<PolicyRule> missing;
  for (PolicyRule& rule : policy_rules_of(ruleset, family)) {
    if (std::find(present.begin(), present.end(), rule) == present.end()) {
      missing.push_back(std::move(rule));
    }
  }
  return missing;
}

std::string words(const PolicyRule& rule) {
  std::string text = "from all";
  if (rule.mark.mask != 0) {
    text += " fwmark " + mark_text(rule.mark);
  }
  if (!rule.inbound.empty()) {
    text += " iif " + rule.inbound;
  }
  switch (rule.action) {
    case PolicyRule::Action::jump:
      text += fmt::format(" goto {}", rule.target);
      break;
    case PolicyRule::Action::nothing:
      text += " nop";
      break;
    case PolicyRule::Action::lookup:
    case PolicyRule::Action::other:
      text += fmt::format(" lookup {}", rule.table);
      break;
  }
  return text + fmt::format(" proto {}", rule.protocol);
}

std::string mark_text(Mark mark) {
  return mark.mask == 0xffffffff ? fmt::format("{:#x}", mark.value)
                                 : fmt::format("{:#x}/{:#x}", mark.value, mark.mask);
}

}  // namespace weir::firewall
