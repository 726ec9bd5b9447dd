// Rules that match while the gateway sees nothing: the packets are lost in between.
#include "doctor/checks.h"
#include "firewall/counters.h"

namespace weir::doctor {

namespace {

// So many packets of flows that never arrived are no accident.
constexpr std::uint64_t telling = 3;

}  // namespace

Findings examine_firewall_counters(const Subject& subject) {
  const auto counters = firewall::read_counters(subject.ruleset, subject.backend);
  if (!counters) {
    return {{"firewall-counters", Level::ok, "no rules, nothing counted", ""}};
  }
  std::uint64_t intercepted = 0;
  std::uint64_t decided = 0;
  for (const firewall::RuleCounter& one : counters.value()) {
    (one.verdict == firewall::Verdict::intercept ? intercepted : decided) += one.packets;
  }
  if (subject.running && subject.running->flows == 0 && intercepted >= telling) {
    return {{"firewall-counters", Level::fail,
             std::to_string(intercepted) +
                 " packets were handed to weir and it has seen no flow: they are lost in between "
                 "(see the other findings)",
             "nft monitor trace"}};
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
