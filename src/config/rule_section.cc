#include <algorithm>

#include "base/prefix_set.h"
#include "config/items.h"
#include "config/sections.h"

namespace weir {
namespace {

bool only_family(const AddressCondition& condition, Family family) {
  return !condition.include.empty() &&
         std::all_of(condition.include.begin(), condition.include.end(),
                     [&](const Prefix& prefix) { return prefix.address.family() == family; });
}

// True when every address that is wanted is also excluded.
bool holds_for_nobody(const AddressCondition& condition) {
  const PrefixSet excluded(condition.exclude);
  if (condition.include.empty()) {
    return excluded.covers(Family::v4) && excluded.covers(Family::v6);
  }
  return std::all_of(condition.include.begin(), condition.include.end(),
                     [&](const Prefix& prefix) { return excluded.contains(prefix); });
}

void warn_of_contradictions(const RuleSettings& rule, const Settings& settings,
                            Findings& findings) {
  if (holds_for_nobody(rule.client)) {
    findings.warning(settings.location_of("client"), "no client is left: all of them are excluded");
  }
  if (holds_for_nobody(rule.destination)) {
    findings.warning(settings.location_of("destination"),
                     "no destination is left: all of them are excluded");
  }
  const bool apart =
      (only_family(rule.client, Family::v4) && only_family(rule.destination, Family::v6)) ||
      (only_family(rule.client, Family::v6) && only_family(rule.destination, Family::v4));
  if (apart) {
    findings.warning(settings.location(),
                     "no flow can match: clients and destinations are of different families");
  }
}

}  // namespace

RuleSettings rule_section(const Settings& settings, Findings& findings) {
  RuleSettings out;
  out.name = settings.name();
  out.location = settings.location();
  out.on = ports_of(settings, "on", findings);
  out.client = addresses_of(settings, "client", findings);
  out.destination = addresses_of(settings, "destination", findings);
  out.interfaces = interfaces_of(settings, "interface", findings);
  out.use = settings.text_or_empty("use");
  out.use_location = settings.location_of("use");
  if (settings.given("max-flows")) {
    out.max_flows = static_cast<std::uint64_t>(settings.number("max-flows"));
  }
  if (settings.given("max-flows-per-client")) {
    out.max_flows_per_client = static_cast<std::uint64_t>(settings.number("max-flows-per-client"));
  }
  if (settings.given("log")) {
    out.log = log_flows_of(settings, "log");
  }
  warn_of_contradictions(out, settings, findings);
  return out;
}

}  // namespace weir
