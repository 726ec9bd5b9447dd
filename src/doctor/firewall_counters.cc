// Rules that match while the gateway sees nothing: the packets are lost in between. But a rule
// counts answers too, and connections from before weir: it looks at ports, and only what opens a
// flow is handed over. So packets alone are no proof; what loses them is.
#include <algorithm>
#include <array>

#include "doctor/checks.h"
#include "firewall/counters.h"

namespace weir::doctor {

namespace {

// So many packets of flows that never arrived are no accident.
constexpr std::uint64_t telling = 3;

bool something_loses_them(const Subject& subject) {
  constexpr std::array causes{examine_policy_rule,  examine_policy_route, examine_table,
                              examine_routing,      examine_rp_filter,    examine_bridge,
                              examine_input_policy, examine_fwmark_accept};
  return std::any_of(causes.begin(), causes.end(), [&](const auto& examine) {
    const Findings findings = examine(subject);
    return std::any_of(findings.begin(), findings.end(),
                       [](const Finding& one) { return one.level == Level::fail; });
  });
}

}  // namespace

Findings examine_firewall_counters(const Subject& subject) {
  const auto counters = firewall::read_counters(subject.ruleset, subject.backend);
  if (!counters || !counters.value()) {
    return {{"firewall-counters", Level::ok, "no rules, nothing counted", ""}};
  }
  std::uint64_t intercepted = 0;
  std::uint64_t decided = 0;
  for (const firewall::RuleCounter& one : *counters.value()) {
    (one.verdict == firewall::Verdict::intercept ? intercepted : decided) += one.packets;
  }
  const bool unseen = subject.running && subject.running->flows == 0 && intercepted >= telling;
  if (unseen && something_loses_them(subject)) {
    return {{"firewall-counters", Level::fail,
             std::to_string(intercepted) +
                 " packets were handed to weir and it has seen no flow: they are lost in between "
                 "(see the other findings)",
             "nft monitor trace"}};
  }
  if (unseen) {
    return {{"firewall-counters", Level::ok,
             std::to_string(intercepted) +
                 " packets met a rule and opened no flow: answers, or connections from before weir",
             ""}};
  }
  if (intercepted + decided == 0) {
    return {{"firewall-counters", Level::ok, "no packet has matched a rule yet", ""}};
  }
  return {{"firewall-counters", Level::ok,
           std::to_string(intercepted) + " packets of new flows to the gateway, " +
               std::to_string(decided) + " decided in the firewall",
           ""}};
}

}  // namespace weir::doctor
